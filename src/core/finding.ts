/** How bad a finding is; `severities` has them in order. */
export type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical'

/** From the least to the worst. */
export const severities: readonly Severity[] = ['info', 'low', 'medium', 'high', 'critical']

/** True when `one` is at least as bad as `other`. */
export function atLeast(one: Severity, other: Severity): boolean {
  return severities.indexOf(one) >= severities.indexOf(other)
}

/** The worse of two. */
export function worse(one: Severity, other: Severity): Severity {
  return atLeast(one, other) ? one : other
}

/** Whom a finding is about. */
export interface FindingActor {
  /**
   * `network`: an address or CIDR; `consumer`: its name; `credential`: the id of a key; `api`: all callers of an API;
   * `review`: a review that people owe.
   */
  readonly kind: 'network' | 'consumer' | 'credential' | 'api' | 'review'
  /** As it would be blocked or revoked: `203.0.113.7`, `203.0.113.0/28`, `shop-web`, `A1b2C3d4E5f6`. */
  readonly value: string
  /** Whom it belongs to: findings of one group are one incident. The /28 of an address, the consumer of a key. */
  readonly group: string
}

/** A record that shows it. */
export interface Evidence {
  /** Place in the access log. */
  readonly seq: number
  readonly requestId: string
}

/**
 * Something that a detector saw: what OCSF calls a Detection Finding (class 2004), in our words. The same records, read
 * again, give the same finding with the same id; one that goes on comes again with the same id and higher counts.
 */
export interface Finding {
  /** A keyed hash of rule, actor and the record with which it began: tells nothing to whoever has no key. */
  readonly id: string
  /** A keyed hash of rule, actor group and route: the same for each repetition. */
  readonly fingerprint: string
  readonly rule: { readonly id: string; readonly version: number }
  readonly title: string
  readonly severity: Severity
  readonly actor: FindingActor
  readonly api: string | null
  /** Null when it is about several. */
  readonly route: string | null
  /** Wall times of the first and the last record, ms. */
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  readonly count: number
  readonly baseline: FindingBaseline
  /** At most 20. */
  readonly evidence: readonly Evidence[]
  /** OWASP API Security Top 10 (2023), MITRE ATT&CK, PCI DSS: `owasp:API2:2023`, `mitre:T1110`, `pci:10.4.1`. */
  readonly tags: readonly string[]
  /** What a person could do. */
  readonly action: string
  /** What else was seen, as a sentence; '' for nothing. */
  readonly note: string
}

/** What was seen beside what is usual or allowed. */
export interface FindingBaseline {
  /** The usual number in a window, or, where a fixed bound was reached, the bound. */
  readonly expected: number
  readonly observed: number
  readonly windowMs: number
  /** The probability of so many or more, if all were as usual; null where a fixed bound was reached. */
  readonly p: number | null
}

import type { PartWriters } from './access-event-encode.ts'
import type { TextWriter } from './text-writer.ts'

/** What can be done to a Gatehouse, and what it does to itself. Kinds that begin with `ledger.` are about the log itself. */
export type AuditKind =
  | 'gate.started'
  | 'gate.stopped'
  | 'clock.stepped'
  | 'config.revision'
  | 'policy.changed'
  | 'consumer.created'
  | 'consumer.changed'
  | 'key.created'
  | 'key.revoked'
  | 'key.rotated'
  | 'network.blocked'
  | 'network.allowed'
  | 'network.released'
  | 'admin.token'
  | 'admin.invited'
  | 'admin.created'
  | 'admin.removed'
  | 'admin.signed_in'
  | 'admin.sign_in_refused'
  | 'admin.signed_out'
  | 'finding.raised'
  | 'incident.opened'
  | 'incident.changed'
  | 'notification.failed'
  | 'export.gap'
  | 'review.opened'
  | 'review.decided'
  | 'review.signed'
  | 'review.overdue'
  | 'drill.started'
  | 'certificate.loaded'
  | 'ledger.heartbeat'
  | 'ledger.recovered'
  | 'ledger.scrubbed'
  | 'ledger.disputed'
  | 'ledger.closing'

/** A detail of an audit record; whole numbers only. */
export type AuditValue = string | number | boolean | readonly string[]

/** One record of the audit log. */
export interface AuditEvent {
  readonly kind: AuditKind
  /** Wall time, ms. */
  readonly atMs: number
  /** Who did it: `gate`, `desk`, `config`, `token`, `socket`, or `admin:<name>` for an administrator, whose name is encrypted. */
  readonly actor: string
  /** Encrypted; kind, time and the kind of the actor are not. Never with a member `actor`, which is where a name goes. */
  readonly details: Readonly<Record<string, AuditValue>>
}

/**
 * Splits an audit event into its parts: public are actor (`a`), boot (`b`), kind (`k`) and time (`t`), and `n`, the salt that
 * keeps a record without a sealed part from being guessed. Of an actor with a name, `a` is what stands before the colon; the
 * whole is the sealed member `actor`. Without anything to seal there is no sealed part.
 */
export function encodeAuditEvent(
  event: AuditEvent,
  given: { readonly boot: string; readonly salt: string },
  parts: PartWriters,
): void {
  const out = parts.public
  const [actor = ''] = event.actor.split(':', 1)
  const details = actor === event.actor ? event.details : { ...event.details, actor: event.actor }
  const names = Object.keys(details).sort() // compares UTF-16 code units, as RFC 8785 asks
  out.literal('{"a":')
  out.text(actor)
  out.member(',"b":', given.boot)
  out.member(',"k":', event.kind)
  if (names.length === 0) out.member(',"n":', given.salt)
  out.numberMember(',"t":', event.atMs)
  out.literal('}')
  if (names.length > 0) writeDetails(names, details, parts.sealed)
}

function writeDetails(names: readonly string[], details: AuditEvent['details'], out: TextWriter): void {
  for (const [i, name] of names.entries()) {
    out.literal(i === 0 ? '{' : ',')
    out.text(name)
    out.literal(':')
    writeValue(details[name] ?? '', out)
  }
  out.literal('}')
}

function writeValue(value: AuditValue, out: TextWriter): void {
  if (typeof value === 'string') out.text(value)
  else if (typeof value === 'number') out.number(value)
  else if (typeof value === 'boolean') out.literal(String(value))
  else out.list(value)
}

/** Both parts as one JSON object: what followers of the audit log get. */
export function joinAuditEvent(publicPart: Uint8Array, sealedPart: Uint8Array | null): Uint8Array {
  const { a, b, k, t } = JSON.parse(decoder.decode(publicPart)) as PublicMembers
  const { actor = a, ...details } = sealedPart === null ? {} : (JSON.parse(decoder.decode(sealedPart)) as SealedMembers)
  return encoder.encode(JSON.stringify({ kind: k, atMs: t, actor, boot: b, details }))
}

/** Reads an event that `joinAuditEvent` gave. */
export function decodeAuditEvent(bytes: Uint8Array): AuditEvent & { readonly boot: string } {
  return JSON.parse(decoder.decode(bytes)) as AuditEvent & { readonly boot: string } // written by joinAuditEvent
}

const decoder = new TextDecoder()
const encoder = new TextEncoder()

interface SealedMembers {
  readonly [detail: string]: AuditValue
  readonly actor?: string
}

interface PublicMembers {
  readonly a: string
  readonly b: string
  readonly k: AuditKind
  readonly t: number
}

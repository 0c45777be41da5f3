/** Who did it: somebody with the data folder's socket, somebody with the admin token, a changed configuration, or Gatehouse itself. */
export type AuditActor = 'socket' | 'token' | 'config' | 'gate' | 'desk'

/** What happened. */
export type AuditKind =
  // the gate's own
  | 'gate.started'
  | 'gate.stopped'
  | 'clock.stepped'
  | 'config.revision'
  | 'ledger.recovered'
  | 'ledger.closing'
  | 'ledger.scrubbed'
  // changes of the rules, told by the desk
  | 'policy.changed'
  | 'consumer.created'
  | 'consumer.changed'
  | 'key.created'
  | 'key.revoked'
  | 'admin.token'

/** What a record can hold: no null, no fractions, whole numbers up to 2^53 - 1. */
export type AuditValue = string | number | boolean | readonly AuditValue[] | { readonly [name: string]: AuditValue }

export type AuditDetails = Readonly<Record<string, AuditValue>>

/**
 * One entry of the audit log: an act on Gatehouse, or something that Gatehouse did. Kind, actor and time stand in the public
 * part of its record; details and id are sealed. Details never hold a secret or the hash of one.
 */
export interface AuditEntry {
  readonly kind: AuditKind
  readonly actor: AuditActor
  /** Wall time, whole ms. */
  readonly atMs: number
  /** 32 hex digits. Entries reach the log at least once: two records with one id are one act. */
  readonly id: string
  readonly details: AuditDetails
}

/** The two parts of a record in canonical JSON: no white space, names sorted. `boot` says which start of the gate wrote it. */
export function encodeAuditEntry(
  entry: AuditEntry,
  boot: string,
): { readonly public: string; readonly sealed: string } {
  const { actor, kind, atMs, id, details } = entry
  return {
    public: canonical({ a: actor, b: boot, k: kind, t: atMs }),
    sealed: canonical({ details, id }),
  }
}

/** The entry as followers get it, one line of JSON; without the sealed part, which may be gone, its id is '' and it has no details. */
export function joinAuditEntry(publicPart: Uint8Array, sealedPart: Uint8Array | null): string {
  // Both were written by encodeAuditEntry, and lie behind the leaf's hash.
  const { a, k, t } = JSON.parse(decoder.decode(publicPart)) as Record<'a' | 'k', string> & { t: number }
  const sealed = sealedPart === null ? { id: '', details: {} } : (JSON.parse(decoder.decode(sealedPart)) as object)
  return JSON.stringify({ kind: k, actor: a, atMs: t, ...sealed })
}

/** Reads what `joinAuditEntry` made. Throws a SyntaxError on anything that is not JSON. */
export function decodeAuditEntry(bytes: Uint8Array): AuditEntry {
  return JSON.parse(decoder.decode(bytes)) as AuditEntry // the ledger holds nothing else in the audit log
}

const decoder = new TextDecoder()

/** Text is made well-formed first, since records are UTF-8, which cannot carry a lone surrogate. */
function canonical(value: AuditValue): string {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed())
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : canonical(String(value))
  if (isList(value)) return `[${value.map(canonical).join(',')}]`
  const names = Object.keys(value).sort() // by UTF-16 code units, as RFC 8785 asks
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? '')}`).join(',')}}`
}

function isList(value: AuditValue): value is readonly AuditValue[] {
  return Array.isArray(value)
}

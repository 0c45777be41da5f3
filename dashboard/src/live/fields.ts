import type { AccessEvent } from '../api/types.ts'

/** How values of a field are compared: texts without regard to case, with `*`; numbers also by `>`, `<` and `..`. */
export type FieldKind = 'text' | 'number' | 'status' | 'address' | 'ms'

/** One field that a record can be asked by, with the name that it has everywhere else in Gatehouse. */
export interface LiveField {
  readonly name: string
  readonly kind: FieldKind
  readonly aliases: readonly string[]
  readonly about: string
  /** Null when the record does not say. */
  readonly of: (event: AccessEvent, seq: number) => string | number | null
}

/** In the order of the help. */
export const liveFields: readonly LiveField[] = [
  field('outcome', 'text', { about: 'served, refused, failed, aborted', of: (event) => event.outcome }),
  field('status', 'status', { about: '403 or 4xx or >=500', of: (event) => event.status, aliases: ['code', 'st'] }),
  field('reason', 'text', { about: 'why it was not served', of: (event) => event.reason }),
  field('wouldRefuse', 'text', {
    about: 'in observe mode: why enforcing would have refused',
    of: (event) => event.wouldRefuse,
    aliases: ['would', 'would_refuse'],
  }),
  field('consumer', 'text', { about: 'who called', of: (event) => event.consumer, aliases: ['who'] }),
  field('ip', 'address', {
    about: 'address or network of the client',
    of: (event) => event.clientIp,
    aliases: ['client', 'network', 'net', 'clientip', 'client_ip'],
  }),
  field('path', 'text', { about: '/v1/orders/*', of: (event) => event.path, aliases: ['url'] }),
  field('route', 'text', { about: '"GET /v1/orders"', of: (event) => event.route }),
  field('method', 'text', { about: 'GET, POST …', of: (event) => event.method }),
  field('api', 'text', { about: 'the API that it was for', of: (event) => event.api }),
  field('ms', 'ms', {
    about: 'how long it took: >200',
    of: (event) => event.durationUs / 1000,
    aliases: ['duration', 'latency', 'took'],
  }),
  field('agent', 'text', { about: 'the user agent', of: (event) => event.userAgent, aliases: ['ua', 'useragent'] }),
  field('credential', 'text', { about: 'id of the key', of: (event) => event.credentialId, aliases: ['key'] }),
  field('limit', 'text', {
    about: 'the limit that refused',
    of: (event) => event.limits.find(({ admitted }) => !admitted)?.name ?? null,
  }),
  field('id', 'text', { about: 'x-request-id', of: (event) => event.id, aliases: ['requestid', 'request_id'] }),
  field('host', 'text', { about: 'the host that was asked', of: (event) => event.host }),
  field('query', 'text', { about: 'what stood behind the ?', of: (event) => event.query, aliases: ['qs'] }),
  field('identifiedBy', 'text', {
    about: 'api-key, jwt …',
    of: (event) => event.identifiedBy,
    aliases: ['auth', 'identified_by'],
  }),
  field('role', 'text', {
    about: 'the role that permitted it',
    of: (event) => event.role,
    aliases: ['permission'],
  }),
  field('upstream', 'text', { about: 'where it was forwarded to', of: (event) => event.upstream }),
  field('upstreamStatus', 'status', {
    about: 'what the upstream answered',
    of: (event) => event.upstreamStatus,
    aliases: ['upstream_status'],
  }),
  field('peer', 'address', { about: 'the other end of the connection', of: (event) => event.peer }),
  field('scheme', 'text', { about: 'http or https', of: (event) => event.scheme }),
  field('protocol', 'text', { about: 'HTTP/1.1 …', of: (event) => event.protocol }),
  field('note', 'text', { about: 'what the caller was not told', of: (event) => event.note }),
  field('mode', 'text', { about: 'enforce or observe', of: (event) => event.mode }),
  field('revision', 'number', { about: 'of the rules that decided', of: (event) => event.revision, aliases: ['rev'] }),
  field('seq', 'number', { about: 'place in the ledger', of: (_event, seq) => seq }),
]

function field(
  name: string,
  kind: FieldKind,
  told: Pick<LiveField, 'about' | 'of'> & Partial<Pick<LiveField, 'aliases'>>,
): LiveField {
  return { name, kind, aliases: [], ...told }
}

const byWord = new Map(
  liveFields.flatMap((one) => [one.name, ...one.aliases].map((word) => [word.toLowerCase(), one] as const)),
)

/** The field of this name or alias, without regard to case; null when there is none. */
export function liveFieldOf(word: string): LiveField | null {
  return byWord.get(word.toLowerCase()) ?? null
}

/** The field whose name is nearest to a word that names none; null when none is near. */
export function nearestField(word: string): string | null {
  const near = [...byWord.keys()]
    .map((known) => ({ known, steps: distance(word.toLowerCase(), known) }))
    .toSorted((a, b) => a.steps - b.steps)[0]
  return near !== undefined && near.steps <= Math.max(1, Math.floor(word.length / 3)) ? near.known : null
}

/** Levenshtein's, of short words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** What a request can be asked by: one table, from which the language, its help and the index itself are made. */

import { reasons } from '../../core/mod.ts'

/** `text` is compared without regard to case, `address` may be asked by network, `time` is in ms since the epoch. */
export type FieldKind = 'text' | 'address' | 'number' | 'duration' | 'size' | 'time'

/** The name of a field, as the table spells it. */
export type FieldName =
  | 'time'
  | 'outcome'
  | 'reason'
  | 'wouldRefuse'
  | 'status'
  | 'method'
  | 'api'
  | 'route'
  | 'path'
  | 'query'
  | 'host'
  | 'ip'
  | 'network'
  | 'peer'
  | 'consumer'
  | 'credential'
  | 'identifiedBy'
  | 'role'
  | 'agent'
  | 'duration'
  | 'firstByte'
  | 'requestBytes'
  | 'responseBytes'
  | 'upstream'
  | 'upstreamStatus'
  | 'limit'
  | 'fill'
  | 'note'
  | 'mode'
  | 'protocol'
  | 'scheme'
  | 'id'
  | 'thread'
  | 'revision'
  | 'seq'

/** One field of the language. */
export interface Field {
  readonly name: FieldName
  readonly kind: FieldKind
  readonly aliases: readonly string[]
  /** What it says, and in which unit; a sentence for the help. */
  readonly about: string
  readonly example: string
  /** The only values that there are; null where any is possible. */
  readonly values: readonly string[] | null
}

const reasonNames = Object.keys(reasons)

/** In the order of the help. */
export const fields: readonly Field[] = [
  field('time', 'time', {
    about: 'When the complete head of the request was here',
    example: 'time:>2026-01-31T08:00Z',
    aliases: ['at', 'timestamp'],
  }),
  field('outcome', 'text', {
    about: 'served, refused, failed or aborted',
    example: 'outcome:refused',
    values: ['served', 'refused', 'failed', 'aborted'],
  }),
  field('reason', 'text', { about: 'Why it was not served', example: 'reason:invalid_api_key', values: reasonNames }),
  field('wouldRefuse', 'text', {
    about: 'In observe mode: why enforcing would have refused',
    example: 'wouldRefuse:*',
    aliases: ['would', 'would_refuse'],
    values: reasonNames,
  }),
  field('status', 'number', {
    about: 'What the caller got; 0 for no answer',
    example: 'status:401,403',
    aliases: ['code', 'st'],
  }),
  field('method', 'text', { about: 'The method of the request', example: 'method:POST' }),
  field('api', 'text', { about: 'The API that it was for', example: 'api:orders' }),
  field('route', 'text', { about: 'The route that took it', example: 'route:"GET /v1/orders/*"' }),
  field('path', 'text', {
    about: 'The path as it was routed, without the query',
    example: 'path:/v1/orders/*',
    aliases: ['url'],
  }),
  field('query', 'text', { about: 'The query, secrets masked', example: 'query:*debug*', aliases: ['qs'] }),
  field('host', 'text', { about: 'The host that was asked', example: 'host:api.example.com' }),
  field('ip', 'address', {
    about: 'The client’s address',
    example: 'ip:203.0.113.0/24',
    aliases: ['client', 'clientIp', 'client_ip'],
  }),
  field('network', 'text', {
    about: 'The client’s network: /24 of IPv4, /64 of IPv6',
    example: 'network:203.0.113.0/24',
    aliases: ['net'],
  }),
  field('peer', 'address', {
    about: 'The other end of the connection, which may be a proxy',
    example: 'peer:10.0.0.0/8',
  }),
  field('consumer', 'text', { about: 'The registered caller', example: 'consumer:acme', aliases: ['who'] }),
  field('credential', 'text', {
    about: 'The id of the key or token that was used',
    example: 'credential:A1b2C3d4E5f6',
    aliases: ['key', 'credentialId'],
  }),
  field('identifiedBy', 'text', {
    about: 'How the caller proved who it is',
    example: 'identifiedBy:api-key',
    aliases: ['auth', 'identified_by'],
  }),
  field('role', 'text', {
    about: 'The role that permitted it, and which of its patterns did',
    example: 'role:"reader *"',
    aliases: ['permission'],
  }),
  field('agent', 'text', {
    about: 'The user agent',
    example: 'agent:*curl*',
    aliases: ['ua', 'userAgent', 'user_agent'],
  }),
  field('duration', 'duration', {
    about: 'Of the whole exchange; in ms where no unit is said',
    example: 'ms:>200',
    aliases: ['ms', 'latency', 'took'],
  }),
  field('firstByte', 'duration', {
    about: 'Until the first byte of the upstream’s answer; in ms where no unit is said',
    example: 'ttfb:>200ms',
    aliases: ['ttfb', 'first_byte'],
  }),
  field('requestBytes', 'size', { about: 'Size of the request', example: 'in:>1mb', aliases: ['in', 'request_bytes'] }),
  field('responseBytes', 'size', {
    about: 'Size of the answer',
    example: 'out:>10mb',
    aliases: ['out', 'bytes', 'response_bytes'],
  }),
  field('upstream', 'text', { about: 'Where it was forwarded to', example: 'upstream:*10.0.0.7*' }),
  field('upstreamStatus', 'number', {
    about: 'What the upstream answered',
    example: 'upstreamStatus:500..599',
    aliases: ['upstream_status'],
  }),
  field('limit', 'text', {
    about: 'The limit that refused, or else the one that was fullest',
    example: 'limit:per-consumer',
  }),
  field('fill', 'number', { about: 'How full that limit was, in percent', example: 'fill:>80' }),
  field('note', 'text', { about: 'What the caller was not told', example: 'note:*expired*' }),
  field('mode', 'text', { about: 'enforce or observe', example: 'mode:observe', values: ['enforce', 'observe'] }),
  field('protocol', 'text', { about: 'The version of HTTP', example: 'protocol:HTTP/1.1' }),
  field('scheme', 'text', { about: 'http or https', example: 'scheme:http' }),
  field('id', 'text', {
    about: 'The id of the request, which the caller got as x-request-id',
    example: 'id:5f2c0a1b*',
    aliases: ['requestId', 'request_id'],
  }),
  field('thread', 'number', { about: 'The gateway thread', example: 'thread:0' }),
  field('revision', 'number', { about: 'Of the rules that decided', example: 'revision:>12', aliases: ['rev'] }),
  field('seq', 'number', { about: 'The place in the ledger', example: 'seq:41022' }),
]

function field(
  name: FieldName,
  kind: FieldKind,
  told: Pick<Field, 'about' | 'example'> & Partial<Pick<Field, 'aliases' | 'values'>>,
): Field {
  return { name, kind, aliases: [], values: null, ...told }
}

const byWord: ReadonlyMap<string, Field> = new Map(
  fields.flatMap((one) => [one.name, ...one.aliases].map((word) => [word.toLowerCase(), one] as const)),
)

/** The field of this name or alias, without regard to case; null when there is none. */
export function fieldOf(word: string): Field | null {
  return byWord.get(word.toLowerCase()) ?? null
}

/** Every word that `fieldOf` knows. */
export const fieldWords: readonly string[] = fields.flatMap((one) => [one.name, ...one.aliases])

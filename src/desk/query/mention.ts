import type { AccessEvent } from '../../core/mod.ts'

/** That a record is of this request. */
export interface Mention {
  /** 32 hex digits. */
  readonly requestId: string
  readonly kind: AccessEvent['kind']
}

/** The kinds of records by the code that an index keeps for them. */
export const kindsByCode: readonly AccessEvent['kind'][] = ['opened', 'request', 'amended']

/**
 * Of which request a record is, without parsing it; null where it does not say. A quote inside of a JSON string is escaped, so
 * `"id":"` can be nothing but the member; records have one of each name.
 */
export function mentionIn(record: Uint8Array): Mention | null {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.length)
  const requestId = memberOf(bytes, idMember, idChars)
  const kind = kindsByCode.find((one) => memberOf(bytes, kindMember, one.length + 1) === `${one}"`)
  return kind !== undefined && isRequestId.test(requestId) ? { requestId, kind } : null
}

const idMember = Buffer.from('"id":"')
const kindMember = Buffer.from('"kind":"')
const idChars = 32
const isRequestId = /^[0-9a-f]{32}$/

function memberOf(bytes: Buffer, member: Buffer, chars: number): string {
  const at = bytes.indexOf(member)
  return at === -1 ? '' : bytes.toString('latin1', at + member.length, at + member.length + chars)
}

import type { RequestIndex } from '../query/mod.ts'
import type { LedgerDoor } from './ledger-door.ts'
import { eventOf, joinedRequest, type RecentEvents } from './recent-events.ts'
import type { ShownEvent, ShownRequest } from './shown.ts'

export interface RequestSources {
  readonly events: Pick<RecentEvents, 'request'>
  readonly index: Pick<RequestIndex, 'find'>
  readonly ledger: Pick<LedgerDoor, 'records'>
}

const requestIdPattern = /^[0-9a-f]{32}$/
/** Most records of one request that are read: one opened, one terminal, and what was learnt after. */
const recordsMax = 16

/**
 * Everything known of a request, by its id: from memory where its end is held there, else from the ledger. Null where no
 * record names it. Throws `unreachable` where the ledger has to be asked and no gate answers.
 */
export async function findRequest(id: string, { events, index, ledger }: RequestSources): Promise<ShownRequest | null> {
  const held = events.request(id)
  if ((held !== null && held.event.kind !== 'amended') || !requestIdPattern.test(id)) return held
  const { opened, ended, amended } = await index.find(id)
  const places = [...opened, ...ended, ...amended].slice(0, recordsMax)
  const found = await Promise.all(places.map((seq) => recordAt(seq, ledger)))
  // A place is a hint: only a record that names the request is one of it.
  const own = found.filter((shown) => shown !== null).filter((shown) => shown.event.id === id)
  return joinedRequest(own.toSorted((a, b) => a.seq - b.seq)) ?? held
}

async function recordAt(seq: number, ledger: Pick<LedgerDoor, 'records'>): Promise<ShownEvent | null> {
  const [record] = await ledger.records('access', seq, 1)
  return record === undefined ? null : { seq, recordedAtUs: record.recordedAtUs, event: eventOf(record.bytes) }
}

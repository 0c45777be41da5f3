import { type AccessEvent, emptyEvent } from '../../core/mod.ts'
import { busyRows, type InflightRow } from './inflight-table.ts'
import { gapEvent } from './owed-records.ts'
import type { RingMemory } from './spine-memory.ts'

/** The API and route at an index of a thread's router, as far as main knows. */
export interface RouteNames {
  readonly api: string
  readonly route: string
}

/** Everything that a row of the in-flight table does not tell. */
const notInRow: readonly (keyof AccessEvent)[] = [
  'traceId',
  'durationUs',
  'upstreamFirstByteUs',
  'peer',
  'peerPort',
  'clientIp',
  'trustedHop',
  'userAgent',
  'scheme',
  'tls',
  'protocol',
  'method',
  'host',
  'path',
  'query',
  'requestBytes',
  'responseBytes',
  'mode',
  'durability',
  'revision',
  'consumerId',
  'consumer',
  'credentialId',
  'identifiedBy',
  'scopesNeeded',
  'scopesHeld',
  'limits',
  'wouldRefuse',
  'status',
  'upstream',
  'upstreamStatus',
  'attempts',
]

/** What is not known of an answer that had begun. */
const notOpened: readonly (keyof AccessEvent)[] = ['durationUs', 'requestBytes', 'responseBytes']

/** What main knows of a dead thread whose ring is drained. */
export interface DeadThread {
  readonly thread: number
  readonly ring: RingMemory
  readonly head: number
  /** Records that were in no ring. */
  readonly owed: number
  readonly wallMs: number
  routeOf(routeIndex: number): RouteNames | null
  /** The event of the record at this place. */
  openedAt(seq: number): AccessEvent | null
}

/** The events that a dead thread still owes; `aborted` of them are terminal. */
export function endsOfDeadThread(dead: DeadThread): {
  readonly events: readonly AccessEvent[]
  readonly aborted: number
} {
  const { thread, ring } = dead
  const openSeqs = new Float64Array(ring.openSeqs)
  const events: AccessEvent[] = []
  let aborted = 0
  for (const row of busyRows(ring.inflight, dead.head)) {
    const facts = { row, thread, names: dead.routeOf(row.routeIndex) }
    if (row.recorded) {
      if (!row.released) events.push(withheldEvent(facts))
      continue
    }
    aborted++
    const openSeq = openSeqs[row.row] ?? 0
    const opened = openSeq === 0 ? null : dead.openedAt(openSeq - 1)
    events.push(opened === null ? abortedEvent(facts) : cutOffEvent(opened, 'thread_died'))
  }
  if (dead.owed > 0)
    events.push(
      gapEvent({ lost: dead.owed, thread, wallMs: dead.wallMs, why: 'the gateway thread died before there was room' }),
    )
  return { events, aborted }
}

/** What main knows of a row's request. */
interface RowFacts {
  readonly row: InflightRow
  readonly thread: number
  readonly names: RouteNames | null
}

/** The terminal record of a request whose thread died before it wrote one. */
function abortedEvent({ row, thread, names }: RowFacts): AccessEvent {
  return {
    ...emptyEvent,
    ...names,
    id: row.requestId,
    receivedAtMs: row.receivedAtMs,
    thread,
    reason: 'thread_died',
    note: 'the gateway thread died while the request was under way',
    unknown: names === null && row.routeIndex >= 0 ? [...notInRow, 'api', 'route'] : notInRow,
  }
}

/** The terminal record of an answer that had begun: what its `opened` record says, and that it was cut off. */
export function cutOffEvent(opened: AccessEvent, reason: 'thread_died' | 'process_died'): AccessEvent {
  const who = reason === 'thread_died' ? 'gateway thread' : 'gate'
  return {
    ...opened,
    kind: 'request',
    outcome: 'aborted',
    reason,
    note: `the ${who} died while the answer was under way`,
    unknown: [...new Set([...opened.unknown, ...notOpened])],
  }
}

/** A terminal record stands, but its thread died before a byte of the answer left. */
function withheldEvent({ row, thread, names }: RowFacts): AccessEvent {
  return {
    ...emptyEvent,
    ...names,
    kind: 'amended',
    id: row.requestId,
    receivedAtMs: row.receivedAtMs,
    thread,
    outcome: 'failed',
    reason: 'thread_died',
    note: 'response withheld: the gateway thread died before the answer left',
    unknown: notInRow,
  }
}

/** Which facts of a request the index keeps in columns, and how an event is made of a row again. */
import { type AccessEvent, emptyEvent, type LedgerRecord, type LimitReading } from '../../core/mod.ts'
import { networkOf } from '../../desk/query/mod.ts'

/**
 * Texts: in a row each is a number into the words of its segment, 0 for '' and absent. `shown` is what nobody asks by, and what
 * many requests have in common, as JSON.
 */
export const textColumns = [
  'outcome',
  'reason',
  'wouldRefuse',
  'method',
  'api',
  'route',
  'path',
  'query',
  'host',
  'ip',
  'network',
  'peer',
  'consumer',
  'consumerId',
  'credential',
  'identifiedBy',
  'role',
  'agent',
  'upstream',
  'limit',
  'note',
  'mode',
  'protocol',
  'scheme',
  'id',
  'shown',
] as const

export type TextColumn = (typeof textColumns)[number]

/** Numbers; NaN where one is absent. */
export const numberColumns = [
  'seq',
  'time',
  'recordedUs',
  'status',
  'duration',
  'firstByte',
  'requestBytes',
  'responseBytes',
  'upstreamStatus',
  'fill',
  'thread',
  'revision',
] as const

export type NumberColumn = (typeof numberColumns)[number]

/** Those of which a value may be absent. */
export const absentColumns: ReadonlySet<NumberColumn> = new Set(['firstByte', 'upstreamStatus', 'fill'])

/** One request as it is added. */
export interface RowValues {
  readonly texts: Readonly<Record<TextColumn, string>>
  readonly numbers: Readonly<Record<NumberColumn, number>>
  /** What nobody asks by and each request has for itself: numbers in their order, or JSON where there is more to say. */
  readonly rest: string
}

/** Members of an event that have columns, or stand in `rest`. */
const placed: ReadonlySet<string> = new Set<keyof AccessEvent>([
  'kind',
  'opening',
  'id',
  'traceId',
  'receivedAtMs',
  'durationUs',
  'upstreamFirstByteUs',
  'peer',
  'peerPort',
  'clientIp',
  'userAgent',
  'scheme',
  'protocol',
  'method',
  'host',
  'path',
  'query',
  'requestBytes',
  'responseBytes',
  'api',
  'route',
  'mode',
  'revision',
  'consumerId',
  'consumer',
  'credentialId',
  'identifiedBy',
  'role',
  'limits',
  'outcome',
  'reason',
  'note',
  'wouldRefuse',
  'status',
  'upstream',
  'upstreamStatus',
  'thread',
  'unknown',
  'cut',
])

/** All others, so that what an event learns to say is shown without a change here. */
const others = Object.keys(emptyEvent).filter((name) => !placed.has(name)) as (keyof AccessEvent)[]

/** What nobody asks by, and few values of which there are. */
interface Shown {
  readonly others: Partial<AccessEvent>
  /** Without `used` and `resetMs`. */
  readonly limits: readonly (readonly [string, string, number, number, boolean, boolean])[]
}

/** What is rare. */
type Rare = Pick<AccessEvent, 'cut' | 'opening' | 'traceId' | 'unknown'>

/** What an event says in columns. */
export function rowOf(
  { seq, recordedAtUs }: Pick<LedgerRecord, 'seq' | 'recordedAtUs'>,
  event: AccessEvent,
): RowValues {
  const limit = tellingLimit(event.limits)
  return {
    texts: {
      outcome: event.outcome,
      reason: event.reason ?? '',
      wouldRefuse: event.wouldRefuse ?? '',
      method: event.method,
      api: event.api ?? '',
      route: event.route ?? '',
      path: event.path,
      query: event.query,
      host: event.host,
      ip: event.clientIp,
      network: networkOf(event.clientIp),
      peer: event.peer,
      consumer: event.consumer ?? '',
      consumerId: event.consumerId ?? '',
      credential: event.credentialId ?? '',
      identifiedBy: event.identifiedBy ?? '',
      role: event.role ?? '',
      agent: event.userAgent ?? '',
      upstream: event.upstream ?? '',
      limit: limit?.name ?? '',
      note: event.note,
      mode: event.mode ?? '',
      protocol: event.protocol,
      scheme: event.scheme,
      id: event.id,
      shown: shownOf(event),
    },
    numbers: {
      seq,
      time: event.receivedAtMs,
      recordedUs: recordedAtUs,
      status: event.status,
      duration: event.durationUs,
      firstByte: event.upstreamFirstByteUs ?? NaN,
      requestBytes: event.requestBytes,
      responseBytes: event.responseBytes,
      upstreamStatus: event.upstreamStatus ?? NaN,
      fill: limit === null ? NaN : fillOf(limit),
      thread: event.thread,
      revision: event.revision,
    },
    rest: restOf(event),
  }
}

/** The limit that refused, or else the one that was fullest. */
function tellingLimit(limits: readonly LimitReading[]): LimitReading | null {
  let telling: LimitReading | null = null
  for (const reading of limits) {
    if (!reading.admitted) return reading
    if (telling === null || fillOf(reading) > fillOf(telling)) telling = reading
  }
  return telling
}

/** In percent, rounded down: 100 is full. */
function fillOf({ used, limit }: LimitReading): number {
  return limit <= 0 ? 100 : Math.floor((used / limit) * 100)
}

function shownOf(event: AccessEvent): string {
  const said: Record<string, unknown> = {}
  for (const name of others) if (event[name] !== emptyEvent[name]) said[name] = event[name]
  const limits: Shown['limits'] = event.limits.map(({ name, per, limit, windowMs, admitted, coarser }) => [
    name,
    per,
    limit,
    windowMs,
    admitted,
    coarser,
  ])
  return JSON.stringify({ others: said, limits } satisfies Shown)
}

/** The port, then of each limit `used` and `resetMs`, then, behind a space, what is rare. */
function restOf(event: AccessEvent): string {
  let rest = String(event.peerPort)
  for (const { used, resetMs } of event.limits) rest += `,${used},${resetMs}`
  const { cut, opening, traceId, unknown } = event
  if (cut === null && opening === null && traceId === event.id && unknown.length === 0) return rest
  return `${rest} ${JSON.stringify({ cut, opening, traceId, unknown } satisfies Rare)}`
}

/** The event that a row was made of. */
export function eventOf({ texts, numbers, rest }: RowValues): AccessEvent {
  // Both were made of an event, and sealed, by ourselves.
  const shown = JSON.parse(texts.shown) as Shown
  const space = rest.indexOf(' ')
  const rare = space === -1 ? { traceId: texts.id } : (JSON.parse(rest.slice(space)) as Rare)
  const [peerPort = 0, ...counts] = rest
    .slice(0, space === -1 ? undefined : space)
    .split(',')
    .map(Number)
  return {
    ...emptyEvent,
    ...shown.others,
    ...rare,
    peerPort,
    limits: shown.limits.map(([name, per, limit, windowMs, admitted, coarser], i) => ({
      name,
      per,
      limit,
      windowMs,
      admitted,
      coarser,
      used: counts[i * 2] ?? 0,
      resetMs: counts[i * 2 + 1] ?? 0,
    })),
    id: texts.id,
    receivedAtMs: numbers.time,
    durationUs: numbers.duration,
    upstreamFirstByteUs: known(numbers.firstByte),
    peer: texts.peer,
    clientIp: texts.ip,
    userAgent: orNull(texts.agent),
    scheme: texts.scheme,
    protocol: texts.protocol,
    method: texts.method,
    host: texts.host,
    path: texts.path,
    query: texts.query,
    requestBytes: numbers.requestBytes,
    responseBytes: numbers.responseBytes,
    api: orNull(texts.api),
    route: orNull(texts.route),
    // Closed lists, sealed by ourselves from an event.
    mode: orNull(texts.mode) as AccessEvent['mode'],
    revision: numbers.revision,
    consumerId: orNull(texts.consumerId),
    consumer: orNull(texts.consumer),
    credentialId: orNull(texts.credential),
    identifiedBy: orNull(texts.identifiedBy),
    role: orNull(texts.role),
    outcome: texts.outcome as AccessEvent['outcome'],
    reason: orNull(texts.reason) as AccessEvent['reason'],
    note: texts.note,
    wouldRefuse: orNull(texts.wouldRefuse) as AccessEvent['wouldRefuse'],
    status: numbers.status,
    upstream: orNull(texts.upstream),
    upstreamStatus: known(numbers.upstreamStatus),
    thread: numbers.thread,
  }
}

function orNull(text: string): string | null {
  return text === '' ? null : text
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value
}

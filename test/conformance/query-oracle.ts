/** What a query engine should answer, found by looking at each event. */
import type { AccessEvent } from '../../src/core/mod.ts'
import {
  addressKey,
  addressRange,
  type Bound,
  everything,
  type FieldName,
  type Filter,
  type GroupValue,
  type IndexedEvent,
  type Measure,
  networkOf,
  type QueryRange,
  type Test,
  textFields,
} from '../../src/desk/query/mod.ts'

/** When the log of the tests begins. */
export const startMs: number = Date.UTC(2026, 0, 31, 8)

/** One request. */
export type Row = IndexedEvent

/** As an answer shows it. */
export function shown({ seq, recordedAtUs, event }: Row): IndexedEvent {
  return { seq, recordedAtUs, event }
}

/** The requests among the records of a ledger that begins with these events. */
export function rowsOf(events: readonly AccessEvent[]): readonly Row[] {
  return events.flatMap((event, seq) =>
    event.kind === 'request' ? [{ seq, recordedAtUs: startMs * 1000 + seq * 250, event }] : [],
  )
}

/** It is in the range. */
export function isIn(range: QueryRange, { seq, event }: Row): boolean {
  return 'fromMs' in range
    ? event.receivedAtMs >= range.fromMs && event.receivedAtMs < range.toMs
    : seq >= range.seqFrom && seq < range.seqTo
}

/** It matches, as the port says. */
export function matches(filter: Filter = everything, row: Row): boolean {
  switch (filter.kind) {
    case 'all':
      return filter.of.every((one) => matches(one, row))
    case 'any':
      return filter.of.some((one) => matches(one, row))
    case 'not':
      return !matches(filter.of, row)
    case 'text':
      return textFields.some((field) => folded(String(factOf(row, field) ?? '')).includes(folded(filter.text)))
    case 'field': {
      const fact = factOf(row, filter.field)
      return fact !== null && filter.tests.some((one) => holds(one, fact))
    }
  }
}

function holds(one: Test, fact: string | number): boolean {
  switch (one.kind) {
    case 'equals':
      return folded(String(fact)) === folded(String(one.value))
    case 'pattern':
      return likeRegExp(one.pattern).test(folded(String(fact)))
    case 'network': {
      const [range, key] = [addressRange(one.cidr), addressKey(String(fact))]
      return range !== null && key !== null && key >= range.from && key <= range.to
    }
    case 'range':
      return above(one.from, Number(fact)) && below(one.to, Number(fact))
  }
}

function above(bound: Bound | null, value: number): boolean {
  return bound === null || (bound.inclusive ? value >= bound.value : value > bound.value)
}

function below(bound: Bound | null, value: number): boolean {
  return bound === null || (bound.inclusive ? value <= bound.value : value < bound.value)
}

function folded(text: string): string {
  return text.toLowerCase()
}

function likeRegExp(pattern: string): RegExp {
  const source = folded(pattern).replaceAll(/\\(.)|\*|[^\\*]+/gsu, (part, escaped: string | undefined) => {
    if (part === '*') return '.*'
    return (escaped ?? part).replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')
  })
  return new RegExp(`^${source}$`, 'su')
}

/** Null and '' are absent. */
function factOf({ seq, event }: Row, field: FieldName): string | number | null {
  const telling = event.limits.find(({ admitted }) => !admitted) ?? fullest(event)
  const facts: Readonly<Record<FieldName, string | number | null>> = {
    time: event.receivedAtMs,
    outcome: event.outcome,
    reason: event.reason,
    wouldRefuse: event.wouldRefuse,
    status: event.status,
    method: event.method,
    api: event.api,
    route: event.route,
    path: event.path,
    query: event.query,
    host: event.host,
    ip: event.clientIp,
    network: networkOf(event.clientIp),
    peer: event.peer,
    consumer: event.consumer,
    credential: event.credentialId,
    identifiedBy: event.identifiedBy,
    role: event.role,
    agent: event.userAgent,
    duration: event.durationUs,
    firstByte: event.upstreamFirstByteUs,
    requestBytes: event.requestBytes,
    responseBytes: event.responseBytes,
    upstream: event.upstream,
    upstreamStatus: event.upstreamStatus,
    limit: telling?.name ?? null,
    fill: telling === undefined ? null : Math.floor((telling.used / telling.limit) * 100),
    note: event.note,
    mode: event.mode,
    protocol: event.protocol,
    scheme: event.scheme,
    id: event.id,
    thread: event.thread,
    revision: event.revision,
    seq,
  }
  const fact = facts[field]
  return fact === '' ? null : fact
}

function fullest({ limits: readings }: AccessEvent): AccessEvent['limits'][number] | undefined {
  return readings.toSorted((a, b) => Math.floor((b.used / b.limit) * 100) - Math.floor((a.used / a.limit) * 100))[0]
}

/** What is asked of groups. */
export interface Plan {
  readonly by: readonly FieldName[]
  readonly measures: readonly Measure[]
}

/** A group as the oracle sees it. */
export interface OracleGroup {
  readonly key: readonly GroupValue[]
  readonly values: Partial<Record<Measure, number | null>>
}

/** Groups in no order. */
export function grouped(rows: readonly Row[], { by, measures }: Plan): readonly OracleGroup[] {
  const groups = new Map<string, Row[]>(by.length === 0 ? [['[]', []]] : [])
  for (const row of rows) {
    const key = JSON.stringify(by.map((field) => factOf(row, field)))
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups].map(([key, of]) => ({
    key: JSON.parse(key) as GroupValue[],
    values: Object.fromEntries(measures.map((measure) => [measure, measured(measure, of)])),
  }))
}

function measured(measure: Measure, rows: readonly Row[]): number | null {
  const values = (of: (event: AccessEvent) => number): number[] => rows.map(({ event }) => of(event))
  const sum = (of: (event: AccessEvent) => number): number => values(of).reduce((a, b) => a + b, 0)
  const different = (field: FieldName): number =>
    new Set(rows.map((row) => factOf(row, field)).filter((fact) => fact !== null)).size
  const rank = (part: number): number | null =>
    values((event) => event.durationUs).sort((a, b) => a - b)[Math.ceil(rows.length * part) - 1] ?? null
  const orNull = (value: number): number | null => (rows.length === 0 ? null : value)
  switch (measure) {
    case 'count':
      return rows.length
    case 'served':
    case 'refused':
    case 'failed':
    case 'aborted':
      return sum((event) => (event.outcome === measure ? 1 : 0))
    case 'p50Us':
      return rank(0.5)
    case 'p95Us':
      return rank(0.95)
    case 'p99Us':
      return rank(0.99)
    case 'maxUs':
      return orNull(Math.max(...values((event) => event.durationUs)))
    case 'requestBytes':
      return sum((event) => event.requestBytes)
    case 'responseBytes':
      return sum((event) => event.responseBytes)
    case 'consumers':
      return different('consumer')
    case 'ips':
      return different('ip')
    case 'networks':
      return different('network')
    case 'firstMs':
      return orNull(Math.min(...values((event) => event.receivedAtMs)))
    case 'lastMs':
      return orNull(Math.max(...values((event) => event.receivedAtMs)))
    case 'firstSeq':
      return orNull(Math.min(...rows.map(({ seq }) => seq)))
    case 'lastSeq':
      return orNull(Math.max(...rows.map(({ seq }) => seq)))
  }
}

/** As `aggregate` orders them. */
export function ranked(groups: readonly OracleGroup[], measure: Measure): readonly OracleGroup[] {
  const size = (group: OracleGroup): number => group.values[measure] ?? -Infinity
  return groups.toSorted((a, b) => (size(b) === size(a) ? byKey(a.key, b.key) : size(b) - size(a)))
}

/** Texts by their bytes, null last. */
export function byKey(a: readonly GroupValue[], b: readonly GroupValue[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i] ?? null
    if (left === right) continue
    if (left === null) return 1
    if (right === null) return -1
    if (typeof left === 'number' && typeof right === 'number') return left - right
    return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)))
  }
  return 0
}

/** Beginning of the bucket that it is in. */
export function bucket({ event }: Row, everyMs: number): number {
  return Math.floor(event.receivedAtMs / everyMs) * everyMs
}

/** The promises of `QueryEngine`, held against any adapter and an oracle that looks at each event. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type AccessEvent, emptyEvent, hasCode, type LedgerRecord } from '../../src/core/mod.ts'
import {
  type FieldName,
  type Filter,
  type Measure,
  parseFilter,
  type QueryIndex,
  type QueryRange,
} from '../../src/desk/query/mod.ts'
import { bucket, byKey, grouped, isIn, matches, ranked, type Row, rowsOf, shown, startMs } from './query-oracle.ts'

/** An engine that is empty and follows the records that it is given. */
export interface QueryEngineBench extends AsyncDisposable {
  readonly index: QueryIndex
}

/** Events as they come: few words, so that filters match, and words that are wrong in SQL, in LIKE or in JSON. */
const words = fc.constantFrom('acme', 'Acme', 'a%c_e', "o'brien", 'a\\b', 'a*b', 'ünïcode', '"; DROP TABLE s1; --', 'x')
const wordOrNull = fc.option(words, { nil: null, freq: 4 })
const limits = fc.array(
  fc.record({
    name: fc.constantFrom('per-consumer', 'all'),
    per: fc.constantFrom('consumer', 'ip'),
    limit: fc.constantFrom(10, 600),
    windowMs: fc.constant(60_000),
    used: fc.integer({ min: 0, max: 20 }),
    resetMs: fc.integer({ min: 0, max: 60_000 }),
    admitted: fc.boolean(),
    coarser: fc.boolean(),
  }),
  { maxLength: 2 },
)
const address = fc.constantFrom('203.0.113.7', '203.0.113.200', '10.1.2.3', '2001:db8::1', '2001:db8:0:1::2', '')
const id = fc.stringMatching(/^[0-9a-f]{32}$/)
const changes: fc.Arbitrary<Partial<AccessEvent>> = fc.record({
  id,
  traceId: id,
  receivedAtMs: fc.integer({ min: startMs, max: startMs + 100_000 }),
  durationUs: fc.constantFrom(0, 1, 999, 1_000, 200_000, 3_000_000_000),
  upstreamFirstByteUs: fc.constantFrom(null, 0, 500),
  peer: address,
  peerPort: fc.nat(65_535),
  clientIp: address,
  trustedHop: fc.constantFrom(null, '10.0.0.1'),
  userAgent: wordOrNull,
  protocol: fc.constantFrom('HTTP/1.1', 'HTTP/1.0'),
  method: fc.constantFrom('GET', 'POST'),
  host: fc.constantFrom('api.example.com', ''),
  path: fc.constantFrom('/v1/orders', '/v1/orders/acme', '/V1/100%', '/_', ''),
  query: fc.constantFrom('', 'page=2', 'q=acme'),
  requestBytes: fc.constantFrom(0, 1_024, 5_000_000_000),
  responseBytes: fc.constantFrom(0, 10, 1_024),
  api: fc.constantFrom(null, 'orders'),
  route: fc.constantFrom(null, 'GET /v1/orders', 'GET /v1/orders/{id}'),
  mode: fc.constantFrom(null, 'observe' as const, 'enforce' as const),
  durability: fc.constantFrom(null, 'durable' as const),
  revision: fc.nat(3),
  consumerId: wordOrNull,
  consumer: wordOrNull,
  credentialId: wordOrNull,
  identifiedBy: fc.constantFrom(null, 'api-key'),
  role: fc.constantFrom(null, 'reader GET /v1/orders/**', 'writer *'),
  scopesNeeded: fc.constantFrom<string[]>([], ['orders:read']),
  scopesHeld: fc.constantFrom<string[]>([], ['orders:read', 'orders:write']),
  limits,
  outcome: fc.constantFrom('served' as const, 'refused' as const, 'failed' as const, 'aborted' as const),
  reason: fc.constantFrom(null, 'invalid_api_key' as const, 'no_route' as const),
  note: fc.constantFrom('', 'key expired', 'a*b'),
  wouldRefuse: fc.constantFrom(null, 'quota_exceeded' as const),
  status: fc.constantFrom(0, 200, 401, 403, 499, 500),
  upstream: fc.constantFrom(null, 'http://127.0.0.1:3000'),
  upstreamStatus: fc.constantFrom(null, 0, 200, 500),
  attempts: fc.nat(2),
  thread: fc.nat(1),
  unknown: fc.constantFrom<string[]>([], ['status']),
  cut: fc.constantFrom(null, { bytes: 9, sha256: 'ff' }),
})

/** All kinds of records; only the terminal ones are requests. */
export const eventsArbitrary: fc.Arbitrary<readonly AccessEvent[]> = fc.array(
  fc
    .tuple(changes, fc.constantFrom('request' as const, 'request' as const, 'request' as const, 'opened' as const))
    .map(([change, kind]) => asRead({ ...emptyEvent, ...change, kind, opening: kind === 'opened' ? 'ab' : null })),
  { maxLength: 60 },
)

/** As JSON gives it back. */
function asRead(event: AccessEvent): AccessEvent {
  return JSON.parse(JSON.stringify(event)) as AccessEvent
}

/** Records of a ledger that begins with these events. */
export function recordsOf(events: readonly AccessEvent[], from = 0): readonly LedgerRecord[] {
  return events.map((event, i) => ({
    seq: from + i,
    recordedAtUs: startMs * 1000 + (from + i) * 250,
    bytes: Buffer.from(JSON.stringify(event)),
  }))
}

const queries = [
  '',
  'status:401,403',
  'status:4xx',
  'status:>=401 status:<500',
  'status:0',
  '-status:200',
  'upstreamStatus:*',
  '-upstreamStatus:*',
  '-upstreamStatus:>100',
  'upstreamStatus:..200',
  'ms:>=1',
  'ms:<1ms',
  'ttfb:500us',
  'in:>4gb',
  'outcome:refused',
  '-outcome:served,failed',
  'reason:*',
  '-reason:invalid_api_key',
  'wouldRefuse:quota_exceeded',
  'consumer:acme',
  'role:"reader GET /v1/orders/\\*\\*"',
  'role:reader*',
  '-role:*',
  'consumer:"a%c_e"',
  'consumer:a*',
  'consumer:"a\\*b"',
  'consumer:"a\\\\b"',
  'consumer:"\\"; DROP TABLE s1; --"',
  "consumer:o'brien,x",
  'consumer:ÜNÏCODE',
  '-consumer:*',
  'path:/v1/*',
  'path:/v1/100%',
  'path:/_',
  'path:*_*',
  'path:*%*',
  'query:*',
  'ip:203.0.113.0/24',
  'ip:203.0.113.7',
  'ip:2001:db8::/32,10.0.0.0/8',
  'ip:2001:DB8:0:0::1',
  '-ip:203.0.113.0/25',
  'ip:20*',
  'peer:10.1.2.3',
  'network:203.0.113.0/24',
  'limit:all fill:>=100',
  'fill:*',
  'mode:observe or mode:enforce status:200',
  '(consumer:acme or consumer:x) -status:200',
  '-(consumer:acme or status:200)',
  '--consumer:acme',
  'acme',
  '"v1/orders"',
  '"100%"',
  '"a*b"',
  'revision:1..2',
  'seq:..20',
  'time:>=2026-01-31T08:00:50Z',
  'time:2026-01-31T08:00Z',
  'thread:0 method:post',
] as const

const filterArbitrary: fc.Arbitrary<Filter> = fc
  .array(fc.constantFrom(...queries), { minLength: 1, maxLength: 3 })
  .map((list) => parseFilter(list.map((one) => (one === '' ? '' : `(${one})`)).join(' ')))

const rangeArbitrary: fc.Arbitrary<QueryRange> = fc.oneof(
  fc.constant({ seqFrom: 0, seqTo: 1_000 }),
  fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]) => ({ seqFrom: Math.min(a, b), seqTo: Math.max(a, b) })),
  fc
    .tuple(fc.nat(100_000), fc.nat(100_000))
    .map(([a, b]) => ({ fromMs: startMs + Math.min(a, b), toMs: startMs + Math.max(a, b) })),
)

/** Holds an adapter against the port. `open` gives an empty engine with small segments, so that answers come of many. */
export function conformsToQueryEngine(name: string, open: () => Promise<QueryEngineBench>): void {
  /** One engine for all runs of a property: each begins with another log. */
  const answers = async (
    check: (index: QueryIndex, rows: readonly Row[], random: Asked) => Promise<void>,
  ): Promise<void> => {
    await using bench = await open()
    await fc.assert(
      fc.asyncProperty(eventsArbitrary, filterArbitrary, rangeArbitrary, async (events, filter, range) => {
        bench.index.begin(0)
        await bench.index.cursor()
        const records = recordsOf(events)
        for (let i = 0; i < records.length; i += 25) await bench.index.follow(records.slice(i, i + 25))
        await check(bench.index, rowsOf(events), { filter, range })
      }),
      { numRuns: 30, endOnFailure: true },
    )
  }

  test(`${name}: search() gives just what matches, the newest first, as it was`, async () => {
    await answers(async (index, rows, { filter, range }) => {
      const expected = rows.filter((row) => isIn(range, row) && matches(filter, row)).toReversed()
      const answer = await index.search({ ...range, filter, limit: 1_000 })
      assert.deepEqual(answer.events, expected.map(shown))
      assert.equal(answer.matched, expected.length)
      const second = expected[1]
      const page = await index.search({ ...range, filter, limit: 2, beforeSeq: second?.seq ?? 1_000 })
      assert.deepEqual(
        page.events,
        expected
          .slice(second === undefined ? 0 : 2)
          .slice(0, 2)
          .map(shown),
      )
      assert.equal(page.matched, expected.length)
    })
  })

  test(`${name}: each kind of test holds where the oracle says so`, async () => {
    const events = fc.sample(eventsArbitrary, { numRuns: 8, seed: 7 }).flat()
    const rows = rowsOf(events)
    await using bench = await open()
    await bench.index.follow(recordsOf(events))
    for (const query of queries) {
      const filter = parseFilter(query)
      const answer = await bench.index.search({ seqFrom: 0, seqTo: 1_000_000, filter, limit: 1_000 })
      assert.deepEqual(
        answer.events.map(({ seq }) => seq),
        rows
          .filter((row) => matches(filter, row))
          .map(({ seq }) => seq)
          .toReversed(),
        query,
      )
    }
  })

  test(`${name}: aggregate() counts and measures exactly`, async () => {
    const plans: readonly { readonly by: readonly FieldName[]; readonly measures: readonly Measure[] }[] = [
      { by: [], measures: ['count', 'refused', 'maxUs', 'firstSeq', 'lastMs'] },
      { by: ['consumer'], measures: ['count', 'served', 'failed', 'aborted', 'requestBytes', 'responseBytes'] },
      { by: ['route', 'status'], measures: ['p50Us', 'p95Us', 'p99Us', 'count'] },
      { by: ['upstreamStatus', 'network', 'mode'], measures: ['consumers', 'ips', 'networks', 'firstMs', 'lastSeq'] },
    ]
    await answers(async (index, rows, { filter, range }) => {
      const found = rows.filter((row) => isIn(range, row) && matches(filter, row))
      for (const plan of plans) {
        const answer = await index.aggregate({ ...range, filter, ...plan, limit: 1_000 })
        const expected = ranked(grouped(found, plan), plan.measures[0] ?? 'count')
        assert.deepEqual(answer.groups, expected)
        assert.equal(answer.groupsTotal, expected.length)
        assert.equal(answer.matched, found.length)
        const top = await index.aggregate({ ...range, filter, ...plan, limit: 1 })
        assert.deepEqual(top.groups, expected.slice(0, 1))
        assert.equal(top.groupsTotal, expected.length)
      }
    })
  })

  test(`${name}: series() counts in buckets of time`, async () => {
    await answers(async (index, rows, { filter, range }) => {
      const found = rows.filter((row) => isIn(range, row) && matches(filter, row))
      const everyMs = 7_000
      const answer = await index.series({ ...range, filter, everyMs, by: ['outcome'], measures: ['count', 'p95Us'] })
      const starts = [...new Set(found.map((row) => bucket(row, everyMs)))].sort((a, b) => a - b)
      const expected = starts.flatMap((atMs) =>
        grouped(
          found.filter((row) => bucket(row, everyMs) === atMs),
          { by: ['outcome'], measures: ['count', 'p95Us'] },
        )
          .toSorted((a, b) => byKey(a.key, b.key))
          .map((group) => ({ atMs, ...group })),
      )
      assert.deepEqual(answer.points, expected)
    })
  })

  test(`${name}: a question that cannot be meant is refused`, async () => {
    await using bench = await open()
    const { index } = bench
    const range = { seqFrom: 0, seqTo: 10 }
    await assert.rejects(index.search({ seqFrom: 10, seqTo: 0 }), refused)
    await assert.rejects(index.search({ fromMs: NaN, toMs: 0 }), refused)
    await assert.rejects(index.search({ ...range, limit: 0 }), refused)
    await assert.rejects(index.search({ ...range, limit: 1_001 }), refused)
    await assert.rejects(index.aggregate({ ...range, limit: 0.5 }), refused)
    await assert.rejects(index.aggregate({ ...range, by: ['ip', 'path', 'api', 'mode', 'route'] }), refused)
    await assert.rejects(index.series({ ...range, everyMs: 0 }), refused)
  })

  test(`${name}: follow() passes over what it has, and refuses a hole`, async () => {
    await using bench = await open()
    const { index } = bench
    const records = recordsOf(Array.from({ length: 20 }, () => emptyEvent))
    await index.follow(records.slice(0, 10))
    await index.follow(records.slice(0, 15))
    assert.equal(await index.cursor(), 15)
    await assert.rejects(index.follow(records.slice(16)), (error) => hasCode(error, 'link_broken'))
    assert.equal((await index.aggregate({ seqFrom: 0, seqTo: 15 })).matched, 15)
  })

  test(`${name}: says when the end of a range is not there yet`, async () => {
    await using bench = await open()
    const { index } = bench
    await index.follow(recordsOf([emptyEvent, emptyEvent]))
    assert.equal((await index.search({ seqFrom: 0, seqTo: 2 })).partial, false)
    const behind = await index.search({ seqFrom: 0, seqTo: 3 })
    assert.deepEqual([behind.partial, behind.short, behind.matched], [true, ['behind'], 2])
  })

  test(`${name}: another log is another index`, async () => {
    await using bench = await open()
    const { index } = bench
    await index.follow(recordsOf(Array.from({ length: 30 }, () => emptyEvent)))
    index.begin(30)
    assert.equal(await index.cursor(), 30)
    index.begin(4)
    assert.equal(await index.cursor(), 0)
    assert.equal((await index.coverage()).rows, 0)
  })

  test(`${name}: a record that cannot be read is shown as such`, async () => {
    await using bench = await open()
    const texts = ['{', 'null', '[]', '{"limits":5}', '']
    const records = texts.map((text, seq) => ({ seq, recordedAtUs: startMs * 1000, bytes: Buffer.from(text) }))
    await bench.index.follow(records)
    const { events } = await bench.index.search({ seqFrom: 0, seqTo: 5, filter: parseFilter('"not readable"') })
    assert.deepEqual(
      events.map(({ seq, event }) => [seq, event.unknown]),
      [4, 3, 1, 0].map((seq) => [seq, ['record']]),
    )
  })
}

function refused(error: unknown): boolean {
  return hasCode(error, 'invalid_argument')
}

interface Asked {
  readonly filter: Filter
  readonly range: QueryRange
}

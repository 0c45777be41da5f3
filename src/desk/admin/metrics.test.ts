import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type Counters, openCounters, openHistograms, seriesMax } from './exposition.ts'
import { openBench } from './test/bench.ts'

interface Family {
  readonly type: string
  readonly help: string
  readonly samples: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/gy

/** Reads the text format 0.0.4 strictly: every sample stands under its family's HELP and TYPE, and stands once. */
function parse(text: string): Map<string, Family> {
  assert.ok(text.endsWith('\n'))
  const families = new Map<string, Family>()
  const seen = new Set<string>()
  let name = ''
  for (const line of text.split('\n').slice(0, -1)) {
    const help = /^# HELP (\S+) (.+)$/.exec(line)
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line)
    if (help !== null) {
      name = help[1] ?? ''
      assert.ok(!families.has(name), `${name} twice`)
      families.set(name, { type: '', help: help[2] ?? '', samples: [] })
    } else if (type !== null) {
      assert.equal(type[1], name)
      families.set(name, { type: type[2] ?? '', help: families.get(name)?.help ?? '', samples: [] })
    } else {
      const [, sample = '', inner = '', value = ''] = sampleLine.exec(line) ?? []
      const family = families.get(name)
      assert.ok(family !== undefined && family.type !== '', `a line outside of a family: ${line}`)
      const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      assert.ok(
        suffixes.some((suffix) => sample === name + suffix),
        line,
      )
      assert.ok(!seen.has(sample + inner), `twice: ${line}`)
      seen.add(sample + inner)
      assert.ok(Number.isFinite(Number(value)), line)
      family.samples.push({ name: sample, labels: labelsOf(inner), value: Number(value) })
    }
  }
  return families
}

const unescape = (text: string): string => text.replaceAll(/\\(.)/gs, (_, char: string) => (char === 'n' ? '\n' : char))

function labelsOf(inner: string): Record<string, string> {
  const pairs = [...inner.matchAll(labelPair)]
  assert.equal(pairs.map(([whole]) => whole).join(''), inner)
  return Object.fromEntries(pairs.map(([, label = '', value = '']) => [label, unescape(value)]))
}

/** Buckets grow up to +Inf, which is the count. */
function assertHistogram(family: Family | undefined, count: number, sum: number): void {
  const buckets = family?.samples.filter(({ name }) => name.endsWith('_bucket')) ?? []
  assert.deepEqual(
    buckets.map(({ value }) => value),
    buckets.map(({ value }) => value).toSorted((a, b) => a - b),
  )
  assert.equal(buckets.at(-1)?.labels['le'], '+Inf')
  assert.equal(buckets.at(-1)?.value, count)
  assert.equal(family?.samples.find(({ name }) => name.endsWith('_count'))?.value, count)
  assert.ok(Math.abs((family?.samples.find(({ name }) => name.endsWith('_sum'))?.value ?? 0) - sum) < 1e-9)
}

test('openMetrics() counts requests by how they ended, and gives what the gate says of itself', async () => {
  await using bench = await openBench()
  const served = {
    kind: 'request',
    api: 'orders',
    outcome: 'served',
    status: 200,
    durationUs: 1500,
    upstreamFirstByteUs: 900,
  } as const
  await bench.append(
    { ...served, kind: 'opened' },
    served,
    { ...served, durationUs: 60_000_000, upstreamFirstByteUs: null },
    { ...served, outcome: 'refused', reason: 'quota_exceeded', status: 429, upstreamFirstByteUs: null },
    { kind: 'amended' },
    { kind: 'request', api: null, outcome: 'aborted', reason: 'client_abort', status: 0 },
  )
  const answer = await bench.call('GET', '/metrics')
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  const families = parse(answer.text)
  assert.deepEqual(
    families.get('gatehouse_requests_total')?.samples.map(({ labels, value }) => [...Object.values(labels), value]),
    [
      ['orders', 'served', '', '2xx', 2],
      ['orders', 'refused', 'quota_exceeded', '4xx', 1],
      ['', 'aborted', 'client_abort', 'none', 1],
    ],
  )
  const of = (name: string): Family => ({
    ...(families.get(name) ?? { type: '', help: '' }),
    samples: families.get(name)?.samples.filter(({ labels }) => labels['api'] === 'orders') ?? [],
  })
  assertHistogram(of('gatehouse_request_duration_seconds'), 3, 60.003)
  assertHistogram(of('gatehouse_upstream_first_byte_seconds'), 1, 0.0009)
  const values = Object.fromEntries([...families].map(([name, { samples }]) => [name, samples[0]?.value]))
  assert.partialDeepStrictEqual(values, {
    gatehouse_gate_up: 1,
    gatehouse_revision: 1,
    gatehouse_gate_revision: 1,
    gatehouse_gate_draining: 0,
    gatehouse_gate_threads_replaced_total: 1,
    gatehouse_gate_connections: 3,
    gatehouse_gate_inflight_requests: 2,
    gatehouse_ring_used_bytes: 100,
    gatehouse_ring_size_bytes: 1 << 20,
    gatehouse_ledger_state: 1,
    gatehouse_ledger_records: 10,
    gatehouse_ledger_beat_age_seconds: 0.005,
    gatehouse_ledger_commits_total: 4,
    gatehouse_ledger_written_bytes_total: 5000,
    gatehouse_ledger_late_records_total: 0,
    gatehouse_follower_lag_records: 4,
    gatehouse_ledger_disk_free_bytes: 1e9,
    gatehouse_keeper_up: 1,
    gatehouse_checkpoint_records: 9,
    gatehouse_checkpoint_age_seconds: 0.5,
    gatehouse_scrub_checked_records: 8,
    gatehouse_scrub_faults: 0,
    gatehouse_scrub_round_time_seconds: 1_699_999_000,
    gatehouse_limit_keys: 7,
    gatehouse_limit_keys_capacity: 1000,
    gatehouse_limit_table_full_total: 0,
    gatehouse_build_info: 1,
  })
  assert.ok((values['process_resident_memory_bytes'] ?? 0) > 1e6)
  assert.ok((values['process_cpu_seconds_total'] ?? 0) > 0)
})

test('openMetrics() counts no request that was over before the desk began to look', async () => {
  await using bench = await openBench({ ledgerSize: 2 })
  const event = { kind: 'request', outcome: 'served', status: 200 } as const
  await bench.append(event, event, event)
  assert.equal(parse((await bench.call('GET', '/metrics')).text).get('gatehouse_requests_total')?.samples[0]?.value, 1)
})

test('openMetrics() says that no gate is connected, and nothing of one', async () => {
  await using bench = await openBench()
  bench.gate.current = null
  const families = parse((await bench.call('GET', '/metrics')).text)
  assert.equal(families.get('gatehouse_gate_up')?.samples[0]?.value, 0)
  assert.equal(
    [...families.keys()].some((name) => /ledger|ring|limit/.test(name)),
    false,
  )
})

test('openCounters() and openHistograms() write any label so that it reads back the same', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 12 }), { minLength: 1, maxLength: 5 }),
      (values) => {
        const counters = openCounters({ name: 'a_total', help: 'Of \\ and\nlines.' })
        const histograms = openHistograms({ name: 'b_seconds', help: 'Seconds.' })
        for (const value of values) {
          counters.add({ of: value })
          histograms.observe({ of: value }, 0.2)
        }
        const families = parse(counters.text() + histograms.text())
        assert.deepEqual(
          families.get('a_total')?.samples.map(({ labels }) => labels['of']),
          values,
        )
      },
    ),
    { numRuns: 50 },
  )
})

test('openCounters() counts what is too various under other', () => {
  const counters: Counters = openCounters({ name: 'a_total', help: 'A.' })
  for (let at = 0; at < seriesMax + 500; at++) counters.add({ of: `value-${at}` })
  const samples = parse(counters.text()).get('a_total')?.samples ?? []
  assert.equal(samples.length, seriesMax)
  assert.deepEqual(samples.at(-1), { name: 'a_total', labels: { of: 'other' }, value: 501 })
})

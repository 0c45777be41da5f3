/**
 * Suite `facts`: what looking at bodies costs the thread that serves them.
 *
 * CPU time of the thread per exchange, rounds in turn, medians; the clock stands still, so that the share of time that facts may
 * take ends nothing. Hashing of ids, classes and shapes are in it; forwarding, sealing and writing are not.
 */
import { gzipSync } from 'node:zlib'
import type { ApiRequest } from '../src/core/mod.ts'
import { compileFacts, createFactsReader, signaturesIn } from '../src/gate/inspect/mod.ts'
import { barOf, type BenchOptions, type BenchResult, median } from './harness.ts'

const roundsMin = 5

interface Subject {
  readonly does: string
  readonly run: () => void
}

const orders = Array.from({ length: 5 }, (_, i) => ({
  id: `ord_${1000 + i}`,
  customerId: 500 + i,
  status: 'shipped',
  createdAt: '2026-11-25T08:43:06.123Z',
  total: { amount: 129.9 + i, currency: 'EUR' },
  note: 'leave it with the neighbour on the left',
  lines: [{ sku: 'A-100', count: 2 }],
}))
const page = Buffer.from(JSON.stringify({ items: orders, next: null }))
const kilobyte = Buffer.from(
  `${page.subarray(0, -1).toString()},"pad":"${'a note '.repeat(Math.max(0, Math.floor((1014 - page.length) / 7)))}"}`,
)
const large = Buffer.from(JSON.stringify(Array.from({ length: 60 }, () => orders)).slice(0, 60_000))

const request = {
  id: '0'.repeat(32),
  path: '/v1/orders/17',
  query: 'page=2&sort=created_at',
  headers: ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', 'accept', 'application/json'],
  bodyBytes: 0,
} as unknown as ApiRequest // what is read of it

/** Takes a few seconds. */
export async function run(options: Partial<BenchOptions> = {}): Promise<BenchResult> {
  const { quick = false, say = () => undefined } = options
  const [rounds, runs] = quick ? [roundsMin, 4000] : [9, 20_000]
  const subjects = subjectsOf()
  const costs = new Map(subjects.map((subject): [Subject, number[]] => [subject, []]))
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`)
    for (const [subject, measured] of costs) {
      const us = costOf(subject.run, subject.does.includes('kB') && !subject.does.includes('1 kB') ? runs / 20 : runs)
      if (round > 0) measured.push(us)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  const usOf = (does: string): number | null => median([...costs].find(([subject]) => subject.does === does)?.[1] ?? [])
  return {
    rows: [...costs].map(([{ does }, us]) => ({
      product: 'gatehouse',
      does,
      cpuUs: Number((median(us) ?? 0).toFixed(2)),
      cpuUsMin: Number(Math.min(...us).toFixed(2)),
      cpuUsMax: Number(Math.max(...us).toFixed(2)),
      rounds: us.length,
    })),
    bars: [
      barOf({
        name: 'facts of a JSON answer of 1 kB',
        value: usOf(oneKilobyte),
        unit: 'µs CPU',
        goal: 8,
        better: 'lower',
        note: 'with the keyed hashes of ten ids; 9.7 to 14 µs were seen, and where they go is not profiled yet',
      }),
    ],
  }
}

const oneKilobyte = 'a JSON answer of 1 kB, 10 ids'

function subjectsOf(): readonly Subject[] {
  const clock = { wallMs: () => 0, monotonicMs: () => 0 }
  const facts = createFactsReader({ key: new Uint8Array(32), clock })
  const plan = compileFacts({ path: '/v1/orders/{id}', methods: ['GET'] }, 1)
  const json = ['content-type', 'application/json']
  const looking = (headers: readonly string[], held: readonly Uint8Array[]) => (): void => {
    const exchange = facts.begin(plan, request, 0)
    exchange?.finish({ status: 200, headers }, held)
    exchange?.release()
  }
  return [
    { does: oneKilobyte, run: looking(json, [kilobyte]) },
    { does: 'a JSON answer of 60 kB', run: looking(json, [large]) },
    { does: 'a JSON answer of 1 kB, gzip', run: looking([...json, 'content-encoding', 'gzip'], [gzipSync(kilobyte)]) },
    { does: 'an answer that is not looked at', run: looking(['content-type', 'image/png'], [kilobyte]) },
    { does: 'signatures of a request that has none', run: () => void signaturesIn(request) },
  ]
}

function costOf(work: () => void, runs: number): number {
  const before = process.threadCpuUsage()
  for (let i = 0; i < runs; i++) work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / runs
}

/**
 * Suite `whole`: everything on, as an installation runs it for years. All followers of the ledger, the console open, one sink
 * that takes every record, detectors, index, reviews; 1,500 durable requests a second on two cores.
 *
 * The load is paced and does not wait, so that its latencies count every pause of ours. Before it, the same load goes straight
 * to the upstream: the difference is what the product adds.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, startChild, waitForPort } from './children.ts'
import { barOf, type BenchBar, type BenchOptions, type BenchResult, type BenchRow, median } from './harness.ts'
import { startPaced } from './load/paced-run.ts'
import type { PacedPart } from './load/paced.ts'
import { itemPath, startUpstream } from './load/upstream.ts'
import { cpuTimeOf, processIdsOf } from './process-tree.ts'

const perSecond = 1_500
const connections = 64
const partSeconds = 10
const consumers = 20

/** Takes about six minutes; half a minute when quick. */
export async function run({ quick = false, say = () => {} }: Partial<BenchOptions> = {}): Promise<BenchResult> {
  const seconds = quick ? 30 : 300
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const upstream = stack.use(await startUpstream(folder))
  const receiver = stack.use(await openReceiver())
  say(`${perSecond} requests a second straight to the upstream`)
  const direct = await load({ port: upstream.port, keys: [''], seconds: quick ? 10 : 30 })

  const product = stack.use(await startWhole({ folder, upstreamUrl: upstream.url, sinkPort: receiver.port }))
  const console = stack.use(await openConsole(product))
  say(`everything on, ${perSecond} durable requests a second for ${seconds} s`)
  const watch = stack.use(watchProduct(product))
  const cpuBefore = cpuTimeOf(product.pid)
  const parts = await load({ port: product.port, keys: product.keys, seconds })
  const cpuAfter = cpuTimeOf(product.pid)
  const lagAtEnd = await caughtUp(product, receiver)

  const answered = sum(parts.map((part) => part.answered))
  const cpuUs = cpuAfter.userUs + cpuAfter.systemUs - cpuBefore.userUs - cpuBefore.systemUs
  const rows = [
    rowOf('straight to the upstream', direct, null),
    {
      ...rowOf('everything on', parts, cpuUs / answered),
      ...watch.row(),
      received: receiver.count(),
      console: console.batches(),
    },
  ]
  return { rows, bars: barsOf({ parts, direct, watch, lagAtEnd, receiver }) }
}

interface Found {
  readonly parts: readonly PacedPart[]
  readonly direct: readonly PacedPart[]
  readonly watch: Watch
  readonly lagAtEnd: number | null
  readonly receiver: Receiver
}

function barsOf({ parts, direct, watch, lagAtEnd, receiver }: Found): readonly BenchBar[] {
  const sent = sum(parts.map((part) => part.sent))
  const served = sum(parts.map((part) => part.statuses['200'] ?? 0))
  return [
    barOf({ name: 'served of what was sent', value: served / sent, unit: '', goal: 0.999, better: 'higher' }),
    barOf({
      name: 'largest lag of a follower in the desk',
      value: watch.lagSecondsMax(),
      unit: 's',
      goal: 2,
      better: 'lower',
      note: 'looked at once a second, against the size of the ledger that the gate tells once a second',
    }),
    barOf({
      name: 'longest way from a request to the SIEM',
      value: receiver.lagSecondsMax(),
      unit: 's',
      goal: 2,
      better: 'lower',
    }),
    barOf({
      name: 'until the sink had every record, after the end',
      value: lagAtEnd,
      unit: 's',
      goal: 2,
      better: 'lower',
    }),
    barOf({
      name: 'memory of all processes, last third to the third before',
      value: watch.growth(),
      unit: '×',
      goal: 1.05,
      better: 'lower',
    }),
    barOf({
      name: 'p99 added by the product',
      value: (p99(parts) - p99(direct)) / 1000,
      unit: 'ms',
      goal: 50,
      better: 'lower',
      note: 'stated, not asked for: median of the p99 of each 10 s, less that of the same load without the product',
    }),
  ]
}

/** Median over the parts, in microseconds. */
function p99(parts: readonly PacedPart[]): number {
  return median(parts.map((part) => part.p99Us)) ?? 0
}

function rowOf(what: string, parts: readonly PacedPart[], cpuUsPerRequest: number | null): BenchRow {
  return {
    what,
    sent: sum(parts.map((part) => part.sent)),
    answered: sum(parts.map((part) => part.answered)),
    failed: sum(parts.map((part) => part.failed)),
    p50Ms: ms(median(parts.map((part) => part.p50Us))),
    p99Ms: ms(median(parts.map((part) => part.p99Us))),
    worstMs: ms(Math.max(...parts.map((part) => part.maxUs))),
    cpuUsPerRequest: cpuUsPerRequest === null ? null : Math.round(cpuUsPerRequest),
  }
}

function ms(us: number | null): number | null {
  return us === null ? null : Math.round(us / 10) / 100
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

async function load(wish: { port: number; keys: readonly string[]; seconds: number }): Promise<readonly PacedPart[]> {
  const heads = wish.keys.map(
    (key) =>
      `GET ${itemPath} HTTP/1.1\r\nHost: 127.0.0.1:${wish.port}\r\nUser-Agent: bench\r\nX-API-Key: ${key}\r\n\r\n`,
  )
  return await startPaced({ port: wish.port, heads, perSecond, connections, seconds: wish.seconds, partSeconds })
}

const sampled = 100

/** A receiver of syslog over TCP that counts frames (RFC 6587 3.4.1, octet counting). */
interface Receiver extends AsyncDisposable {
  readonly port: number
  count(): number
  /** Longest time from a request to its arrival here, seconds; of every hundredth. */
  lagSecondsMax(): number | null
}

async function openReceiver(): Promise<Receiver> {
  let count = 0
  let lagMsMax: number | null = null
  const server: Server = createServer((socket) => {
    let pending: Buffer = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes: Buffer) => {
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
      for (;;) {
        const space = pending.indexOf(0x20)
        const length = space < 0 ? Number.NaN : Number(pending.toString('latin1', 0, space))
        if (!Number.isInteger(length) || pending.length < space + 1 + length) return
        const frame = pending.subarray(space + 1, space + 1 + length)
        pending = pending.subarray(space + 1 + length)
        if (count++ % sampled !== 0) continue
        const atMs = Number(/"time":(\d{13})/.exec(frame.toString('latin1'))?.[1])
        if (Number.isFinite(atMs)) lagMsMax = Math.max(lagMsMax ?? 0, Date.now() - atMs)
      }
    })
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port,
    count: () => count,
    lagSecondsMax: () => (lagMsMax === null ? null : lagMsMax / 1000),
    [Symbol.asyncDispose]: async () => {
      server.close()
    },
  }
}

interface Whole extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  readonly adminUrl: string
  readonly token: string
  readonly keys: readonly string[]
}

const program = new URL('../bin/gatehouse.js', import.meta.url).pathname
const runFile = promisify(execFile)

async function startWhole(wish: { folder: string; upstreamUrl: string; sinkPort: number }): Promise<Whole> {
  const { folder } = wish
  const [port, adminPort] = [await freePort(), await freePort()]
  const configPath = join(folder, 'gatehouse.yaml')
  const dataDir = join(folder, 'data')
  writeFileSync(configPath, configOf({ ...wish, port, adminPort }))
  const logPath = join(folder, 'gatehouse.log')
  const child = startChild([process.execPath, program, 'up', '--config', configPath, '--data', dataDir], {
    core: null,
    logPath,
  })
  await waitForPort(port, child)
  await waitForPort(adminPort, child)
  const keys: string[] = []
  for (let i = 0; i < consumers; i++) keys.push(await createKey(dataDir, `consumer-${i}`))
  const token = /gtha_[0-9A-Za-z]+/.exec(readFileSync(logPath, 'utf8'))?.[0]
  if (token === undefined) throw new Error(`Cannot find the admin token in ${logPath}`)
  return {
    pid: child.pid,
    port,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    token,
    keys,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

function configOf(wish: { port: number; adminPort: number; upstreamUrl: string; sinkPort: number }): string {
  return `version: 1
listen: 127.0.0.1:${wish.port}
admin: { listen: 127.0.0.1:${wish.adminPort} }
sinks:
  siem: { type: syslog, url: tcp://127.0.0.1:${wish.sinkPort} }
apis:
  bench:
    upstream: ${wish.upstreamUrl}
    limits:
      - { name: per-consumer, per: consumer, allow: 60000/s }
    routes:
      - { path: ${itemPath}, methods: [GET], scopes: [bench:read] }
`
}

async function createKey(dataDir: string, consumer: string): Promise<string> {
  const args = [
    program,
    'keys',
    'create',
    '--consumer',
    consumer,
    '--scopes',
    'bench:read',
    '--json',
    '--data',
    dataDir,
  ]
  const { stdout } = await runFile(process.execPath, args, { timeout: 20_000, encoding: 'utf8' })
  return (JSON.parse(stdout) as { key: string }).key // written by `keys create --json`
}

/** What the console asks for while its Overview is open: the live stream, and the figures once a second. */
async function openConsole({ adminUrl, token }: Whole): Promise<AsyncDisposable & { batches(): number }> {
  const closing = new AbortController()
  const headers = { authorization: `Bearer ${token}` }
  let batches = 0
  const stream = async (): Promise<void> => {
    const answer = await fetch(`${adminUrl}/v1/events/live`, { headers, signal: closing.signal })
    if (!answer.ok || answer.body === null) throw new Error(`Cannot follow the live stream: ${answer.status}`)
    for await (const chunk of answer.body) batches += chunk.length > 0 ? 1 : 0
  }
  const streaming = stream().catch(() => {})
  const timer = setInterval(() => {
    fetch(`${adminUrl}/v1/overview?minutes=10`, { headers, signal: closing.signal })
      .then((answer) => answer.arrayBuffer())
      .catch(() => {})
  }, 1_000)
  return {
    batches: () => batches,
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      closing.abort()
      await streaming
    },
  }
}

interface Watch extends Disposable {
  lagSecondsMax(): number | null
  /** Mean memory of the last third of the run, to that of the third before. */
  growth(): number | null
  row(): BenchRow
}

/** Looks once a second at the memory of all processes and at how far each follower is behind. */
function watchProduct(product: Whole): Watch {
  const memoryMib: number[] = []
  let lagRecordsMax: number | null = null
  let slowest = ''
  const timer = setInterval(() => {
    memoryMib.push(sum(processIdsOf(product.pid).map(residentMib)))
    readLags(product)
      .then((lags) => {
        for (const [name, lag] of lags) {
          if (lag <= (lagRecordsMax ?? -1)) continue
          lagRecordsMax = lag
          slowest = name
        }
      })
      .catch(() => {})
  }, 1_000)
  const third = (nth: number): number => {
    const length = Math.floor(memoryMib.length / 3)
    return sum(memoryMib.slice(nth * length, (nth + 1) * length)) / length
  }
  return {
    lagSecondsMax: () => (lagRecordsMax === null ? null : lagRecordsMax / perSecond),
    growth: () => (memoryMib.length < 9 ? null : third(2) / third(1)),
    row: () => ({
      memoryMib: Math.round(memoryMib.at(-1) ?? 0),
      memoryMibMax: Math.round(Math.max(...memoryMib)),
      slowest,
    }),
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

function residentMib(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0 // it has ended meanwhile
  }
}

/** By follower or sink, how many records it is behind. */
async function readLags({ adminUrl, token }: Whole): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`${adminUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  const lags = new Map<string, number>()
  for (const [, name = '', value = ''] of (await answer.text()).matchAll(
    /^gatehouse_(?:follower|sink)_lag_records\{([^}]*)\} (\d+)/gm,
  ))
    lags.set(name, Number(value))
  return lags
}

const caughtUpSecondsMax = 30

/** Seconds until no follower and no sink is behind; null when that takes too long. */
async function caughtUp(product: Whole, receiver: Receiver): Promise<number | null> {
  const started = performance.now()
  let received = -1
  for (;;) {
    const seconds = (performance.now() - started) / 1000
    if (seconds > caughtUpSecondsMax) return null
    const lags = await readLags(product)
    const still = receiver.count() === received
    received = receiver.count()
    if (still && received > 0 && [...lags.values()].every((lag) => lag === 0)) return seconds
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

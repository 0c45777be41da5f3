/**
 * Suite `gateway`: one JSON document of 1 KB behind every product, 64 connections, rounds in turn.
 *
 * Each product has the same core for all its processes and threads; wrk and the upstream share another. What is compared
 * is CPU time per request first, because wall time lies on a shared machine; requests per second and latencies stand beside.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pinned, programPath } from './children.ts'
import { barOf, type BenchBar, type BenchOptions, type BenchResult, type BenchRow, median, rounded } from './harness.ts'
import { itemPath, startUpstream, type Upstream } from './load/upstream.ts'
import { runWrk } from './load/wrk.ts'
import { caddy } from './peers/caddy.ts'
import { gatehouseBuffered, gatehouseDurable, gatehouseUnaudited } from './peers/gatehouse.ts'
import { haproxy } from './peers/haproxy.ts'
import { nginx } from './peers/nginx.ts'
import { bareNode, fastifyHttpProxy, httpProxy3 } from './peers/node-peers.ts'
import type { Product, ProductPlan } from './peers/product.ts'
import { cpuTimeOf } from './process-tree.ts'

const plans: readonly ProductPlan[] = [
  gatehouseUnaudited,
  gatehouseBuffered,
  gatehouseDurable,
  bareNode,
  fastifyHttpProxy,
  httpProxy3,
  nginx,
  haproxy,
  caddy,
]

/** One product in one round. */
interface Round {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuUs: number
  readonly userUs: number
  /** Of a core that the product used. */
  readonly coreShare: number
  /** Requests without an answer of 2xx or 3xx; a figure with such is worth nothing. */
  readonly failed: number
}

interface Runner {
  readonly plan: ProductPlan
  readonly product: Product
  readonly rounds: Round[]
}

const connections = 64
/** Work that a product does behind its answers, such as writing its log, still counts when it is done so soon after. */
const settleMs = 150

/** Measures everything; takes about four minutes, less than one when quick. */
export async function run({ quick, say }: BenchOptions): Promise<BenchResult> {
  if (programPath('wrk') === null) throw new Error('Cannot make load: wrk is missing; apt-get install wrk')
  const { rounds, seconds } = quick ? { rounds: 5, seconds: 1 } : { rounds: 7, seconds: 2 }
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const clear = (): void => rmSync(folder, { recursive: true, force: true })
  stack.defer(clear)
  process.once('exit', clear) // an interrupted run unwinds nothing
  const upstream = stack.use(await startUpstream(folder))
  const started = await startAll(
    plans.filter((plan) => plan.forBars || !quick),
    { upstream, folder, stack, say },
  )
  for (const runner of started.runners) await measure(runner, seconds) // warm: compiled code, open connections
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`)
    // Each round begins with another product, so that nobody always runs behind the same neighbour.
    for (let i = 0; i < started.runners.length; i++) {
      const runner = started.runners[(i + round) % started.runners.length]
      if (runner !== undefined) runner.rounds.push(await measure(runner, seconds))
    }
  }
  return { rows: rowsOf(started, upstream), bars: barsOf(started) }
}

interface Started {
  readonly runners: readonly Runner[]
  /** Products that could not be measured, and why. */
  readonly missing: ReadonlyMap<string, string>
}

interface Place {
  readonly upstream: Upstream
  readonly folder: string
  readonly stack: AsyncDisposableStack
  readonly say: (line: string) => void
}

/** Starts all of them; one that cannot start, or answers wrongly, is named and left out. */
async function startAll(wanted: readonly ProductPlan[], { upstream, folder, stack, say }: Place): Promise<Started> {
  const runners: Runner[] = []
  const missing = new Map<string, string>()
  for (const plan of wanted) {
    try {
      if (plan.debianPackage !== null && programPath(plan.debianPackage) === null) {
        throw new Error(`not installed; apt-get install ${plan.debianPackage}`)
      }
      const own = join(folder, String(runners.length + missing.size))
      mkdirSync(own)
      const product = stack.use(await plan.start({ upstream, folder: own }))
      await prove(plan, product, upstream)
      runners.push({ plan, product, rounds: [] })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      missing.set(plan.name, why)
      say(`${plan.name} is left out: ${why}`)
    }
  }
  return { runners, missing }
}

/** A product that does not do what its row says must not be compared. */
async function prove(plan: ProductPlan, product: Product, upstream: Upstream): Promise<void> {
  const known = await ask(product.port, product.key)
  if (known.status !== 200 || known.body !== upstream.body) {
    throw new Error(`it does not hand on the upstream's answer: status ${known.status}, ${known.body.length} bytes`)
  }
  if (!plan.asksForKey) return
  const unknown = await ask(product.port, `${product.key.slice(0, -6)}000000`)
  if (unknown.status !== 401) throw new Error(`it answers an unknown key with ${unknown.status} instead of 401`)
}

async function ask(port: number, key: string): Promise<{ status: number; body: string }> {
  return await new Promise((resolve, reject) => {
    const headers = { 'x-api-key': key, connection: 'close' }
    const request = get(
      { host: '127.0.0.1', port, path: itemPath, headers, agent: false, timeout: 5000 },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (text: string) => (body += text))
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body }))
        response.once('error', reject)
      },
    )
    request.once('timeout', () => request.destroy(new Error('no answer within 5 s')))
    request.once('error', reject)
  })
}

async function measure({ product }: Runner, seconds: number): Promise<Round> {
  const url = `http://127.0.0.1:${product.port}${itemPath}`
  const before = cpuTimeOf(product.pid)
  const load = await runWrk({ url, headers: { 'X-API-Key': product.key }, connections, seconds })
  await wait(settleMs)
  const after = cpuTimeOf(product.pid)
  const userUs = after.userUs - before.userUs
  const cpuUs = userUs + after.systemUs - before.systemUs
  return {
    perSecond: load.requests / (load.durationUs / 1e6),
    p50Ms: load.p50Us / 1000,
    p99Ms: load.p99Us / 1000,
    cpuUs: cpuUs / load.requests,
    userUs: userUs / load.requests,
    coreShare: cpuUs / load.durationUs,
    failed: load.broken + load.refused,
  }
}

function rowsOf({ runners, missing }: Started, upstream: Upstream): readonly BenchRow[] {
  const base = runners.find(({ plan }) => plan === bareNode)
  const pinning = pinned ? 'product on one core, load and upstream on another' : 'not pinned'
  const conditions = `${connections} connections, upstream ${upstream.kind}, ${pinning}`
  const measured = runners.map((runner): BenchRow => {
    const { plan, rounds } = runner
    const perSecond = rounds.map((round) => round.perSecond)
    return {
      product: plan.name,
      does: plan.does,
      perSecond: whole(median(perSecond)),
      perSecondMin: whole(Math.min(...perSecond)),
      perSecondMax: whole(Math.max(...perSecond)),
      p50Ms: figure(rounds, (round) => round.p50Ms),
      p99Ms: figure(rounds, (round) => round.p99Ms),
      cpuUsPerRequest: figure(rounds, (round) => round.cpuUs),
      userUsPerRequest: figure(rounds, (round) => round.userUs),
      cpuToBare: orNull(ratio(runner, base, (round) => round.cpuUs)),
      coreShare: figure(rounds, (round) => round.coreShare),
      failed: rounds.reduce((sum, round) => sum + round.failed, 0),
      rounds: rounds.length,
      conditions,
    }
  })
  const absent = [...missing].map(([product, why]): BenchRow => ({
    product,
    does: `not measured: ${why.split('\n')[0]?.slice(0, 80)}`,
    conditions,
  }))
  return [...measured, ...absent]
}

function barsOf({ runners, missing }: Started): readonly BenchBar[] {
  const find = (wanted: ProductPlan): Runner | undefined => runners.find(({ plan }) => plan === wanted)
  const bar = (name: string, of: ProductPlan, to: ProductPlan, wish: Wish): BenchBar => {
    const [one, other] = [find(of), find(to)]
    const failed = [one, other].some((runner) => runner?.rounds.some((round) => round.failed > 0) === true)
    const absent = [of, to].find((plan) => missing.has(plan.name))
    const why =
      absent === undefined
        ? failed
          ? 'Requests failed, so the figure counts for nothing'
          : null
        : `${absent.name} was not measured`
    const value = why === null ? ratio(one, other, wish.take) : null
    return barOf({
      name,
      value,
      unit: '×',
      goal: wish.goal,
      better: wish.better,
      ...(why === null ? {} : { note: why }),
    })
  }
  return [
    bar(
      'requests/s with key, limit and buffered audit, to @fastify/http-proxy without any',
      gatehouseBuffered,
      fastifyHttpProxy,
      {
        goal: 1.3,
        better: 'higher',
        take: perSecondOf,
      },
    ),
    bar('CPU per request with key, limit and buffered audit, to bare node:http + undici', gatehouseBuffered, bareNode, {
      goal: 1.35,
      better: 'lower',
      take: (round) => round.cpuUs,
    }),
    bar('requests/s when every record is durable first, to audit off', gatehouseDurable, gatehouseUnaudited, {
      goal: 0.65,
      better: 'higher',
      take: perSecondOf,
    }),
  ]
}

function perSecondOf(round: Round): number {
  return round.perSecond
}

interface Wish {
  readonly goal: number
  readonly better: 'higher' | 'lower'
  readonly take: (round: Round) => number
}

/** The median of the ratios of each round: what disturbs the machine for a while disturbs both sides of a ratio. */
function ratio(one: Runner | undefined, other: Runner | undefined, take: (round: Round) => number): number | null {
  if (one === undefined || other === undefined) return null
  const ratios = one.rounds.flatMap((round, i) => {
    const against = other.rounds[i]
    return against === undefined ? [] : [take(round) / take(against)]
  })
  return median(ratios)
}

function figure(rounds: readonly Round[], take: (round: Round) => number): number | null {
  return orNull(median(rounds.map(take)))
}

function orNull(value: number | null): number | null {
  return value === null ? null : rounded(value)
}

function whole(value: number | null): number | null {
  return value === null ? null : Math.round(value)
}

import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort, startChild, waitForPort } from '../children.ts'
import { itemPath } from '../load/upstream.ts'
import { type Product, productOf, type ProductPlan, type Workbench } from './product.ts'

/** Gatehouse as its user starts it, both processes, with one gateway thread. */
export const gatehouseBuffered: ProductPlan = {
  name: 'gatehouse, buffered',
  does: 'key, limit, audit ledger (buffered)',
  ...traits(),
  start: (bench) => startGatehouse(bench, { durability: 'buffered' }),
}

export const gatehouseDurable: ProductPlan = {
  name: 'gatehouse, durable',
  does: 'key, limit, audit ledger (on disk before the answer)',
  ...traits(),
  start: (bench) => startGatehouse(bench, { durability: 'durable' }),
}

/** The same program, preloaded with what makes it keep nothing: what auditing costs is the difference. No product option. */
export const gatehouseUnaudited: ProductPlan = {
  name: 'gatehouse, audit off',
  does: 'key, limit, no record (made so for this comparison)',
  ...traits(),
  start: startUnaudited,
}

function traits(): { asksForKey: true; forBars: true; debianPackage: null } {
  return { asksForKey: true, forBars: true, debianPackage: null }
}

const root = new URL('../..', import.meta.url).pathname
const program = join(root, 'bin/gatehouse.js')
const run = promisify(execFile)
const acceptedMsMax = 10_000

interface Variant {
  readonly durability: 'buffered' | 'durable'
  readonly env?: NodeJS.ProcessEnv
}

async function startGatehouse({ upstream, folder }: Workbench, { durability, env }: Variant): Promise<Product> {
  if (!existsSync(program)) throw new Error(`Cannot start Gatehouse: ${program} does not exist`)
  const port = await freePort()
  const configPath = join(folder, 'gatehouse.yaml')
  const dataDir = join(folder, 'data')
  writeFileSync(configPath, configOf({ port, adminPort: await freePort(), upstreamUrl: upstream.url, durability }))
  const command = [process.execPath, program, 'up', '--config', configPath, '--data', dataDir]
  const logPath = join(folder, 'gatehouse.log')
  const child = startChild(command, { core: 'product', logPath, env: { ...process.env, ...env } })
  try {
    await waitForPort(port, child)
    const key = await createKey(dataDir)
    await waitUntilAccepted(port, key)
    return productOf(child, { port, key })
  } catch (error) {
    await child[Symbol.asyncDispose]()
    throw error
  }
}

/** Configured as durable: its answers take the very way that durable ones take, and only the records are missing. */
async function startUnaudited(bench: Workbench): Promise<Product> {
  const markPath = join(bench.folder, 'mark')
  writeFileSync(markPath, '')
  const preload = new URL('audit-off.ts', import.meta.url).href
  const options = `${process.env['NODE_OPTIONS'] ?? ''} --import=${preload}`
  const env = { NODE_OPTIONS: options, GATEHOUSE_BENCH_MARK: markPath }
  const product = await startGatehouse(bench, { durability: 'durable', env })
  const marks = readFileSync(markPath, 'utf8')
  if (marks.includes('no-record-log')) return product
  await product[Symbol.asyncDispose]()
  throw new Error('Cannot switch auditing off: audit-off.ts names imports that the request path no longer has')
}

/** The limit stays above what one thread can do, so that counting is measured and nothing is refused. */
function configOf(wish: {
  port: number
  adminPort: number
  upstreamUrl: string
  durability: 'buffered' | 'durable'
}): string {
  return `version: 1
mode: enforce
listen: 127.0.0.1:${wish.port}
threads: 1
admin: { listen: 127.0.0.1:${wish.adminPort} }
apis:
  bench:
    upstream: ${wish.upstreamUrl}
    durability: ${wish.durability}
    facts: off
    signatures: off
    limits:
      - { name: per-consumer, per: consumer, allow: 60000/s }
    routes:
      - { path: ${itemPath}, methods: [GET], scopes: [bench:read] }
`
}

/** As an operator makes one, beside the running gateway; the desk may be ready a moment later than the gate. */
async function createKey(dataDir: string): Promise<string> {
  const args = [program, 'keys', 'create', '--consumer', 'bench', '--scopes', 'bench:read', '--json', '--data', dataDir]
  const deadline = performance.now() + acceptedMsMax
  for (;;) {
    try {
      const { stdout } = await run(process.execPath, args, { timeout: 20_000, encoding: 'utf8' })
      return keyIn(stdout)
    } catch (error) {
      if (performance.now() > deadline) throw error
      await wait(200)
    }
  }
}

function keyIn(stdout: string): string {
  const created: unknown = JSON.parse(stdout)
  if (typeof created === 'object' && created !== null && 'key' in created && typeof created.key === 'string') {
    return created.key
  }
  throw new Error(`Cannot read a key from the answer of 'keys create': ${stdout.slice(0, 200)}`)
}

/** A new key is known to the gate as soon as the desk's change has reached its thread. */
async function waitUntilAccepted(port: number, key: string): Promise<void> {
  const deadline = performance.now() + acceptedMsMax
  for (;;) {
    const said = await tried(port, key)
    if (said === null) return
    if (performance.now() > deadline) throw new Error(`Cannot use the new key: ${said}`)
    await wait(50)
  }
}

/** Null when it was served. The port was open for a moment already when the gate made sure that it is free. */
async function tried(port: number, key: string): Promise<string | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${itemPath}`, {
      headers: { 'x-api-key': key, connection: 'close' },
    })
    const body = await answer.text()
    return answer.status === 200 ? null : `status ${answer.status}: ${body.slice(0, 300)}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

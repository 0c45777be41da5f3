import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { GateReady, RunOptions } from '../app/mod.ts'
import { GatehouseError } from '../core/mod.ts'
import type { AdminClient } from './admin-client.ts'
import type { CreatedKey, Items, ShownCredential } from './answers.ts'

/** The demo while it runs. */
export interface Demo {
  /** How the processes are to be run in front of the example API. */
  readonly options: RunOptions
  readonly env: Record<string, string>
  /** Makes fresh keys and starts the labelled traffic; resolves with the key that is for the person. */
  play(stage: { gate: GateReady; client: AdminClient; traffic: boolean }): Promise<DemoKeys>
  stop(): void
}

export interface DemoKeys {
  readonly yours: string
}

/** Who calls in the demo, and what each may. */
const consumers = {
  you: ['orders:read'],
  'shop-web': ['orders:read', 'users:read'],
  'shop-app': ['orders:read'],
  'partner-globex': ['orders:read'],
  warehouse: ['orders:read', 'orders:write'],
} as const

const startMs = 10_000
/** Demo keys end by themselves: the data folder may stand in front of a real API tomorrow. */
const keyMs = 12 * 3600 * 1000

/** Starts the example API on a free loopback port. */
export async function startDemo(options: RunOptions): Promise<Demo> {
  const api = fork(file('orders-api.js'), ['--port', '0'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const port = await portOf(api)
  let traffic: ChildProcess | null = null
  return {
    options: { ...options, config: options.config ?? file('gatehouse.yaml'), data: options.data ?? 'gatehouse-data' },
    env: { GATEHOUSE_DEMO_UPSTREAM: `http://127.0.0.1:${port}` },
    play: async ({ gate, client, traffic: wanted }) => {
      const keys: Record<string, string> = {}
      for (const [consumer, scopes] of Object.entries(consumers))
        keys[consumer] = await freshKey(client, consumer, scopes)
      const { you: yours = '', ...others } = keys
      if (wanted) {
        traffic = fork(file('traffic.js'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
        traffic.send({ gateway: gateUrl(gate), keys: others })
      }
      return { yours }
    },
    stop: () => {
      traffic?.kill('SIGTERM')
      api.kill('SIGTERM')
    },
  }
}

function file(name: string): string {
  const path = fileURLToPath(new URL(`../../examples/demo/${name}`, import.meta.url))
  if (!existsSync(path))
    throw new GatehouseError('not_found', `The demo's file ${path} is missing from this installation`)
  return path
}

/** The gateway's first address as a loopback URL. */
export function gateUrl(gate: GateReady): string {
  const address = gate.addresses[0]
  const host = address === undefined || address.host === '0.0.0.0' || address.host === '::' ? '127.0.0.1' : address.host
  return `http://${host.includes(':') ? `[${host}]` : host}:${address?.port ?? 0}`
}

/** Keys are shown once, so each start of the demo makes new ones and revokes those of the last. */
async function freshKey(client: AdminClient, consumer: string, scopes: readonly string[]): Promise<string> {
  const created = (await client.post('/v1/keys', {
    consumer,
    scopes,
    environment: 'test',
    createConsumer: true,
    expiresInMs: keyMs,
  })) as CreatedKey
  const { items } = (await client.get(`/v1/keys?consumer=${consumer}`)) as Items<ShownCredential>
  for (const old of items) {
    if (old.id !== created.credential.id && old.revokedAtMs === null) await client.post(`/v1/keys/${old.id}/revoke`, {})
  }
  return created.key
}

function portOf(api: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const timer = setTimeout(
    () => reject(new GatehouseError('thread_failed', `The example API did not start within ${startMs} ms`)),
    startMs,
  )
  // The example sends exactly this when it listens.
  api.once('message', (said) => resolve((said as { port: number }).port))
  api.once('exit', (code) =>
    reject(new GatehouseError('thread_failed', `The example API ended at its start with code ${code}`)),
  )
  return promise.finally(() => clearTimeout(timer))
}

import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Config } from '../config/mod.ts'
import { advice, type Check, ok, wrong } from './check-up.ts'

const connectMsMax = 1_000
/** More are not tried, so that an examination ends. */
const upstreamsMax = 20

/** Whether each upstream takes connections from here. */
export async function upstreams({ policy }: Config): Promise<readonly Check[]> {
  const urls = [...new Set(policy.apis.flatMap((api) => api.upstreams.map(({ url }) => url)))].slice(0, upstreamsMax)
  return await Promise.all(
    urls.map(async (url) => {
      const { hostname, port, protocol } = new URL(url)
      const why = await refusal(hostname.replaceAll(/[[\]]/g, ''), Number(port || (protocol === 'https:' ? 443 : 80)))
      return why === null
        ? ok('upstream', `${url} takes connections`)
        : wrong(
            'upstream',
            `${url} does not take connections: ${why}`,
            'Start it, or correct its URL in the configuration',
          )
    }),
  )
}

/** What keeps a Gatehouse that does not run from starting. */
export async function startable({ gate, admin }: Config): Promise<readonly Check[]> {
  const addresses = [...gate.listeners.map((at) => ['listen', at] as const), ['admin', admin] as const]
  const taken = await Promise.all(
    addresses.map(async ([id, { host, port }]) => {
      const isTaken = (await refusal(host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port)) === null
      return isTaken
        ? wrong(
            id,
            `something else listens on ${host}:${port}`,
            'Stop it, or choose another address in the configuration',
          )
        : ok(id, `${host}:${port} is free`)
    }),
  )
  return [...taken, ...rootKey(gate.dataDir)]
}

/** Without it nothing that was written can be read, and nothing new is begun over it. */
function rootKey(dataDir: string): readonly Check[] {
  const path = join(dataDir, 'keys', 'root')
  const isNeeded = existsSync(join(dataDir, 'keystore')) || existsSync(join(dataDir, 'control.db'))
  if (!isNeeded || existsSync(path)) return []
  return [wrong('root key', `${path} is gone, and with it everything that it sealed`, 'Restore it from its backup')]
}

/** The stopped Gatehouse itself. */
export const stopped: Check = advice(
  'desk',
  'does not answer: Gatehouse does not run with this data folder',
  'gatehouse up',
)

/** Null when somebody accepts connections there; else why not. */
function refusal(host: string, port: number): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const socket = connect({ host, port })
  const timer = setTimeout(() => resolve(`no answer within ${connectMsMax} ms`), connectMsMax)
  socket.once('connect', () => resolve(null))
  socket.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
  return promise.finally(() => {
    clearTimeout(timer)
    socket.destroy()
  })
}

/** Several upstreams as their operator sees them: one dies and returns under load, and callers hardly notice. */
import assert from 'node:assert/strict'
import { Agent, createServer, get, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { setTimeout as passed } from 'node:timers/promises'
import type { UpstreamStatus } from '../../src/core/mod.ts'
import { readTerminals } from '../support/ledger-read.ts'
import { type Program, startProgram, waitFor } from '../support/program.ts'

const callersCount = 20
const threads = 2
const ejectedAfter = 5
/** Sent again where they can be; the budget of retries may end before all of them have been. */
const failedMax = 5

const configOf = (upstreams: readonly string[]): string => `
version: 1
listen: 127.0.0.1:PORT
threads: ${threads}
admin: { listen: 127.0.0.1:ADMIN }
apis:
  orders:
    upstreams: [${upstreams.join(', ')}]
    auth: none
    balance: least-requests
    health: { path: /healthz, every: 1s, timeout: 1s, healthyAfter: 1, unhealthyAfter: 2 }
    eject: { after: ${ejectedAfter}, for: 1s }
    limits: [{ name: all, per: ip, allow: 100000/s }]
`

/** An API that can die, connections and all, and come back at the same address. */
class MortalUpstream implements AsyncDisposable {
  seen = 0
  port = 0
  #server: Server | null = null

  async live(): Promise<this> {
    const server = createServer((request, response) => {
      if (request.url !== '/healthz') this.seen++
      // Some are on their way when it dies.
      setTimeout(() => response.end('{}'), 5)
    })
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve))
    this.port = (server.address() as AddressInfo).port // it listens on TCP
    this.#server = server
    return this
  }

  async die(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    const closed = new Promise((resolve) => server.close(resolve))
    // Again and again: one that was being accepted is not among those that are closed at first.
    const closing = setInterval(() => server.closeAllConnections(), 20)
    await closed
    clearInterval(closing)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.die()
  }
}

interface Answer {
  readonly status: number
  readonly id: string
}

/** Callers that ask again as soon as they have their answer, until they are told to stop. */
function callers(url: string, count: number): { stop(): Promise<readonly Answer[]> } {
  const agent = new Agent({ keepAlive: true, maxSockets: count })
  const answers: Answer[] = []
  const stopping = new AbortController()
  const ask = async (): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const request = get(url, { agent }, (response) => {
      answers.push({ status: response.statusCode ?? 0, id: String(response.headers['x-request-id']) })
      response.resume()
      response.once('close', resolve)
    })
    request.on('error', reject)
    await promise
  }
  const all = Array.from({ length: count }, async () => {
    while (!stopping.signal.aborted) {
      await ask()
      await passed(10)
    }
  })
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all(all)
      agent.destroy()
      return answers
    },
  }
}

async function statesOf(program: Program): Promise<readonly UpstreamStatus[]> {
  const { items } = (await program.client.get('/v1/upstreams')) as { items: readonly UpstreamStatus[] }
  return items
}

async function untilState(program: Program, url: string, wanted: (state: string) => boolean): Promise<void> {
  await waitFor(
    async () => (await statesOf(program)).some((one) => one.url === url && wanted(one.state)),
    20_000,
    () => `${url} never got into that state:\n${program.output()}`,
  )
}

test(
  'hardly a GET fails while an upstream dies and returns, and each has one record',
  { timeout: 60_000 },
  async () => {
    const alive = await Promise.all([0, 1, 2].map(() => new MortalUpstream().live()))
    await using stack = new AsyncDisposableStack()
    for (const upstream of alive) stack.use(upstream)
    const mortal = alive[1] as MortalUpstream // one of three
    const program = stack.use(await startProgram({ config: configOf(alive.map(({ url }) => url)) }))
    const load = callers(`${program.url}/v1/orders`, callersCount)
    stack.defer(async () => void (await load.stop()))
    await passed(500)

    await mortal.die()
    await untilState(program, mortal.url, (state) => state !== 'ok')
    const listed = await program.verb('upstreams')
    assert.equal(listed.code, 1, listed.err)
    assert.match(listed.out, new RegExp(`(?:down|ejected) .*${mortal.url}`))
    const seen = mortal.seen
    await mortal.live()
    await untilState(program, mortal.url, (state) => state === 'ok')
    await waitFor(
      () => mortal.seen > seen + 10,
      5_000,
      () => 'no request came back to it',
    )
    const answers = await load.stop()

    assert.ok(answers.length > 200, String(answers.length))
    const failed = answers.filter(({ status }) => status !== 200).length
    assert.ok(failed <= failedMax, `${failed} of ${answers.length} failed`)
    assert.equal(await program.stop(), 0)
    const records = await readTerminals(program.dataDir)
    for (const { id } of answers) assert.equal(records.get(id)?.length, 1, id)
  },
)

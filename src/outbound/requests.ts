import type { Socket } from 'node:net'
import { Agent, type buildConnector, type Dispatcher } from 'undici'
import { GatehouseError, messageOf } from '../core/mod.ts'
import { connectTcp, connectTls, isLoopbackHost, type WhoNamed } from './connect.ts'
import type { Guard } from './guard.ts'

/** One request to somebody else. */
export interface OutboundRequest {
  /** https; http only where the operator named a loopback address. No user name or password in it. */
  readonly url: string
  /** @default GET */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
  /** From the call to the end of the answer. @default 10,000 */
  readonly deadlineMs?: number
  /** Of a longer answer only so much is given, and `isCut` says so. @default 64 KiB */
  readonly answerBytesMax?: number
  /** @default data */
  readonly named?: WhoNamed
  /** PEM of the authorities that are trusted for this destination, instead of those that the runtime brings. */
  readonly ca?: string | undefined
  readonly signal?: AbortSignal
}

/** What came back, whatever its status; redirects are answers like any other and are not followed. */
export interface Answer {
  readonly status: number
  /** By lower-case name; values of a repeated field are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly isCut: boolean
}

/** Makes requests over kept connections. */
export interface Requests extends AsyncDisposable {
  request(options: OutboundRequest): Promise<Answer>
}

const deadlineMsDefault = 10_000
const answerBytesDefault = 64 * 1024
/** Sets of kept connections: one for each way of trusting. */
const agentsMax = 32
/** What came from data reaches web servers only. */
const dataPorts: ReadonlySet<number> = new Set([443, 8443])

/** Throws `destination_not_allowed` for what may not be called, `unreachable` for what gave no answer in time. */
export function openRequests(guard: Guard): Requests {
  const agents = new Map<string, Agent>()
  const agentFor = (named: WhoNamed, ca: string | undefined): Agent => {
    const key = `${named}\n${ca ?? ''}`
    const known = agents.get(key)
    if (known !== undefined) return known
    const [oldest] = agents
    if (oldest !== undefined && agents.size >= agentsMax) {
      agents.delete(oldest[0])
      // Requests under way on it are let end.
      void oldest[1].close().catch(() => {})
    }
    const agent = new Agent({ connect: connector(guard, named, ca), keepAliveTimeout: 10_000, connections: 8 })
    agents.set(key, agent)
    return agent
  }
  return {
    request: async (options) => {
      const named = options.named ?? 'data'
      const url = checkedUrl(options.url, named)
      return await send(agentFor(named, options.ca), url, options)
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()))
      agents.clear()
    },
  }
}

/** What can be refused of a URL without asking a name server. */
function checkedUrl(text: string, named: WhoNamed): URL {
  const url = URL.parse(text)
  if (url === null) throw refused('the destination', 'it is not a URL')
  if (url.username !== '' || url.password !== '') throw refused(url.host, 'its URL holds a user name or a password')
  const clear = url.protocol === 'http:' && named === 'operator' && isLoopbackHost(url.hostname)
  if (url.protocol !== 'https:' && !clear)
    throw refused(url.host, `${url.protocol.slice(0, -1)} is not allowed there. Use https`)
  const port = Number(url.port === '' ? (clear ? 80 : 443) : url.port)
  if (port === 0 || (named === 'data' && !dataPorts.has(port))) throw refused(url.host, `port ${port} is not allowed`)
  return url
}

function refused(host: string, why: string): GatehouseError {
  return new GatehouseError('destination_not_allowed', `Cannot call ${host}: ${why}`)
}

/** Connections of the agent are made by our own hands, so that each is checked. */
function connector(guard: Guard, named: WhoNamed, ca: string | undefined): buildConnector.connector {
  const connect = async ({ hostname, protocol, port }: buildConnector.Options): Promise<Socket> => {
    const isTls = protocol === 'https:'
    const to = { host: hostname, port: Number(port === '' ? (isTls ? 443 : 80) : port), named }
    if (!isTls) return await connectTcp(guard, { ...to, use: 'clear' })
    return await connectTls(guard, { ...to, ca, protocols: ['http/1.1'] })
  }
  return (options, callback) => {
    // oxlint-disable promise/no-callback-in-promise, promise/prefer-await-to-callbacks -- the agent takes its socket so
    connect(options).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(error instanceof Error ? error : new Error(messageOf(error)), null),
    )
    // oxlint-enable promise/no-callback-in-promise, promise/prefer-await-to-callbacks
  }
}

async function send(agent: Agent, url: URL, options: OutboundRequest): Promise<Answer> {
  const { method = 'GET', headers = {}, body, deadlineMs = deadlineMsDefault } = options
  const deadline = AbortSignal.timeout(deadlineMs)
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal])
  try {
    const answer = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers,
      body: body ?? null,
      signal,
      headersTimeout: deadlineMs,
      bodyTimeout: deadlineMs,
    })
    const read = await readBody(answer.body, options.answerBytesMax ?? answerBytesDefault)
    return { status: answer.statusCode, headers: joined(answer.headers), ...read }
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause
    const why = deadline.aborted ? `no answer within ${deadlineMs} ms` : messageOf(cause)
    throw new GatehouseError('unreachable', `Cannot call ${url.host}: ${why}`, { cause })
  }
}

async function readBody(
  body: Dispatcher.ResponseData['body'],
  bytesMax: number,
): Promise<Pick<Answer, 'body' | 'isCut'>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const room = bytesMax - bytes
    if (chunk.length > room) {
      chunks.push(chunk.subarray(0, room))
      // Leaving the loop gives the connection up: the rest is not read.
      return { body: Buffer.concat(chunks), isCut: true }
    }
    chunks.push(chunk)
    bytes += chunk.length
  }
  return { body: Buffer.concat(chunks), isCut: false }
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.create(null) as Record<string, string> // names come from outside
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) found[name] = Array.isArray(value) ? value.join(', ') : value
  return found
}

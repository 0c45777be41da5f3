import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import {
  type ApiRequest,
  type ConnectionLimits,
  type Policy,
  type Reason,
  reasons,
  type Refusal,
  systemClock,
  type Upstream,
} from '../../../core/mod.ts'
import type { Delivery, Exchange, ForwardPlan, StreamEnd } from '../exchange.ts'
import type { EngineKind } from '../front.ts'
import { type GatehouseEngine, openEngine } from '../open-engine.ts'
import type { TlsSecrets } from '../tls-secrets.ts'
import { selfSigned } from './self-signed.ts'

const kinds: readonly EngineKind[] = ['strict', 'node']
const engineKind = new AsyncLocalStorage<EngineKind>()

/** A promise that both engines keep, or only one: one test for each. */
export function testEngines(
  name: string,
  body: (t: TestContext) => Promise<void>,
  of: readonly EngineKind[] = kinds,
): void {
  for (const kind of of) void test(`${name} (${kind})`, (t) => engineKind.run(kind, () => body(t)))
}

/** The engine of the test that is running. */
export function kindUnderTest(): EngineKind {
  return engineKind.getStore() ?? 'strict'
}

/** Limits that no test meets unless it means to. */
export const roomyLimits: ConnectionLimits = {
  urlBytesMax: 8_192,
  headerBytesMax: 16_384,
  headersMax: 100,
  headersMs: 20_000,
  requestMs: 20_000,
  keepAliveMs: 20_000,
  requestsPerConnectionMax: 1_000,
  connectionsMax: 1_000,
  connectionsPerIpMax: 1_000,
  clientIdleMs: 20_000,
}

export function upstreamAt(url: string, changes: Partial<Upstream> = {}): Upstream {
  return { url, tls: null, connectMs: 10_000, headersMs: 20_000, idleMs: 20_000, connectionsMax: 16, ...changes }
}

export function policyOf({ upstream, trustedHops = [], limits = {} }: TestPolicy): Policy {
  return {
    apis: upstream === undefined ? [] : [apiOf(upstream)],
    trustedHops,
    issuers: [],
    roles: null,
    connections: { ...roomyLimits, ...limits },
    ledger: { ringBytes: 1 << 20, paceMs: 1, flushMs: 1, waitMs: 1_000, holdBytesMax: 65_536, stallMs: 1_000 },
    limitKeysMax: 1,
    rateLimitHeaders: false,
  }
}

export interface TestPolicy {
  readonly upstream?: Upstream
  readonly trustedHops?: readonly string[]
  readonly limits?: Partial<ConnectionLimits>
}

function apiOf(upstream: Upstream): Policy['apis'][number] {
  return {
    name: 'test',
    hosts: [],
    mode: 'enforce',
    networks: { allow: [], deny: [] },
    durability: 'buffered',
    upstreams: [upstream],
    routes: [],
  }
}

/** What became of one exchange. */
export interface Seen {
  readonly request: ApiRequest
  readonly defect: Refusal | null
  readonly bodyBytesRead: number
  /** Null where the upstream's answer went out whole. */
  readonly reason: Reason | null
  readonly note: string
  readonly delivery: Delivery | null
  readonly streamed: StreamEnd | null
}

export interface TestEngine extends AsyncDisposable {
  readonly engine: GatehouseEngine
  readonly policy: Policy
  readonly port: number
  /** One for each call of the handler that has settled. */
  readonly seen: readonly Seen[]
  readonly defects: readonly unknown[]
}

export interface TestEngineOptions extends TestPolicy {
  /** Listens by TLS instead. */
  readonly tls?: TlsSecrets
  readonly readFile?: (path: string) => string
  readonly plan?: Partial<ForwardPlan>
  /** False: the handler settles without having done anything. */
  readonly answers?: boolean
  /** Awaited before anything is done with an exchange. */
  readonly before?: (exchange: Exchange) => Promise<void> | void
}

/** An engine on a port of its own, with a handler that does what the gateway's does, without its stages. */
export async function openTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const seen: Seen[] = []
  const defects: unknown[] = []
  let ids = 0
  const engine = await openEngine({
    kind: kindUnderTest(),
    listeners: [{ host: '127.0.0.1', port: 0, isSecure: options.tls !== undefined }],
    tls: options.tls ?? null,
    ...(options.readFile === undefined ? {} : { readFile: options.readFile }),
    reusePort: false,
    policy: policyOf(options),
    clock: systemClock,
    ids: {
      requestId: () => (++ids).toString(16).padStart(32, '0'),
      spanId: () => 'abcdef0123456789',
    },
    onDefect: (error) => defects.push(error),
    handler: async (exchange) => {
      await options.before?.(exchange)
      if (options.answers !== false) seen.push(await serve(exchange, options))
    },
  })
  return {
    engine,
    policy: policyOf(options),
    port: engine.addresses[0]?.port ?? 0,
    seen,
    defects,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}

async function serve(exchange: Exchange, { upstream, plan }: TestEngineOptions): Promise<Seen> {
  const { request, defect } = exchange
  const end = (reason: Reason | null, note: string, more: Partial<Seen> = {}): Seen => ({
    request,
    defect,
    bodyBytesRead: exchange.bodyBytesRead,
    reason,
    note,
    delivery: null,
    streamed: null,
    ...more,
  })
  const refuse = async (reason: Reason, note: string): Promise<Seen> => {
    if (reasons[reason].status !== 0) return end(reason, note, { delivery: await exchange.answer(problem(reason)) })
    exchange.drop()
    return end(reason, note)
  }
  if (defect !== null) return await refuse(defect.reason, defect.note)
  if (upstream === undefined) return end(null, '', { delivery: await exchange.answer(plain) })
  const reply = await exchange.forward({
    upstream,
    target: request.query === '' ? request.path : `${request.path}?${request.query}`,
    strip: [],
    add: [],
    bodyBytesMax: 1 << 20,
    deadlineMs: request.startedMs + 30_000,
    holdBytesMax: 65_536,
    holdMsMax: 20_000,
    tap: null,
    ...plan,
  })
  if (reply.kind === 'failure') return await refuse(reply.reason, reply.note)
  const { status, headers } = reply
  if (reply.complete) {
    return end(null, '', { delivery: await exchange.answer({ status, headers, body: reply.held, close: false }) })
  }
  const streamed = await exchange.stream({ status, headers })
  return end(streamed.reason, streamed.note, { streamed })
}

const plain = { status: 200, headers: ['content-type', 'text/plain'], body: [Buffer.from('ok')], close: false }

function problem(reason: Reason): { status: number; headers: string[]; body: Uint8Array[]; close: boolean } {
  const { status } = reasons[reason]
  return { status, headers: ['x-reason', reason], body: [Buffer.from(reason)], close: status < 500 }
}

export interface TestUpstream extends AsyncDisposable {
  readonly url: string
  /** Sockets that were ever opened. */
  readonly sockets: readonly Socket[]
}

/** An upstream that answers as told. */
export async function openHttpUpstream(listener: RequestListener): Promise<TestUpstream> {
  return await opened(createHttpServer({ keepAliveTimeout: 60_000 }, listener))
}

/** The same behind TLS, with a certificate that nobody vouches for. */
export async function openTlsUpstream(
  listener: RequestListener,
  options: ServerOptions = selfSigned,
): Promise<TestUpstream> {
  const upstream = await opened(createTlsServer(options, listener))
  return { ...upstream, url: upstream.url.replace('http:', 'https:') }
}

/** An upstream that says what it is told, HTTP or not; called with each chunk that arrives. */
export async function openRawUpstream(onData: (socket: Socket, text: string) => void): Promise<TestUpstream> {
  return await opened(
    createServer({ noDelay: true }, (socket) => {
      socket.setEncoding('latin1')
      socket.on('data', (text: string) => onData(socket, text))
    }),
  )
}

async function opened(server: Server): Promise<TestUpstream> {
  const sockets: Socket[] = []
  server.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

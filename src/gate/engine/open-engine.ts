import type { Server } from 'node:net'
import { Server as SecureServer } from 'node:tls'
import { type Clock, GatehouseError, hasCode, type Policy } from '../../core/mod.ts'
import { createAuthorities } from './authority.ts'
import { createTrustedHops } from './client-address.ts'
import type { EngineCore, Ids } from './engine-core.ts'
import type { Bound, Engine, Handler } from './exchange.ts'
import { createFieldNames } from './field-names.ts'
import type { EngineKind, Front } from './front.ts'
import { NodeFront } from './node-front.ts'
import { openSocketClient } from './strict/socket-client.ts'
import { SocketFront } from './strict/socket-front.ts'
import { createSweep } from './sweep.ts'
import { contextOf, type TlsSecrets } from './tls-secrets.ts'
import { openUndiciClient } from './undici-client.ts'
import { openUpstreamPools } from './upstream-pools.ts'

/** Where to listen. */
export interface Listener {
  readonly host: string
  readonly port: number
  /** By TLS. @default false */
  readonly isSecure?: boolean
  /** Left out where somebody else has the port. @default false */
  readonly isOptional?: boolean
}

export interface EngineOptions {
  /** @default strict */
  readonly kind?: EngineKind
  /** Addresses to listen on; port 0 takes a free one. */
  readonly listeners: readonly Listener[]
  /** What the listeners with `isSecure` are made of. @default they are left out */
  readonly tls?: TlsSecrets | null
  /** Reads the PEM files that upstreams name; who can write them can pose as an upstream. @default there are none */
  readonly readFile?: (path: string) => string
  /** Lets several threads of a process bind the same port. */
  readonly reusePort: boolean
  readonly policy: Policy
  readonly handler: Handler
  readonly clock: Clock
  readonly ids: Ids
  /** Told of what is our fault: a handler that rejects or settles without an end; without a request's id, a listener's. */
  readonly onDefect: (error: unknown, requestId: string) => void
}

export interface GatehouseEngine extends Engine {
  /**
   * Takes over connection limits, trusted hops and upstreams. Sizes of URLs and fields, time-outs and caps hold for new
   * connections, everything else for new requests; running exchanges go on as they began.
   */
  configure(policy: Policy): void
  /** Takes over a certificate and what belongs to it, for connections from now on; whether clients are asked for one stays. */
  secure(secrets: TlsSecrets): void
}

/**
 * Opens the listeners. Every request that arrives on them, whatever becomes of it, is given to the handler exactly once.
 *
 * Throws `port_taken` when an address cannot be bound because somebody else has it, `invalid_argument` for trusted hops that
 * cannot be read. Disposing it ends all connections at once; `drain` first for a quiet end.
 */
export async function openEngine(options: EngineOptions): Promise<GatehouseEngine> {
  const { clock } = options
  await using opening = new AsyncDisposableStack()
  const core = coreOf(options, opening)
  const front = options.kind === 'node' ? new NodeFront(core) : new SocketFront(core)
  const servers: Server[] = []
  opening.defer(async () => {
    const over = servers.map(closed)
    await front.end()
    await Promise.all(over)
  })
  const addresses: Bound[] = []
  for (const listener of options.listeners) {
    const server = serverFor(listener, options.tls ?? null, front)
    if (server === null) continue
    const address = await listening(server, listener, options.reusePort)
    if (address === null) continue
    servers.push(server)
    addresses.push(address)
    server.on('error', (error) => core.onDefect(error, '')) // it goes on listening
  }
  const resources = opening.move()
  return {
    addresses,
    get connections() {
      return front.count
    },
    configure: (next) => {
      core.hops = createTrustedHops(next.trustedHops)
      core.limits = next.connections
      core.pools.configure(next)
      for (const server of servers) front.applyLimits(server, next.connections)
    },
    secure: (secrets) => {
      for (const server of servers) if (server instanceof SecureServer) server.setSecureContext(contextOf(secrets))
    },
    drain: async (deadlineMs) => {
      core.draining = true
      for (const server of servers) server.close()
      await quiet({ core, front }, clock.monotonicMs() + deadlineMs)
    },
    [Symbol.asyncDispose]: async () => {
      core.draining = true
      await resources.disposeAsync()
    },
  }
}

function coreOf(options: EngineOptions, opening: AsyncDisposableStack): EngineCore {
  const { policy, clock, readFile = noFile } = options
  const names = createFieldNames()
  const core: EngineCore = {
    clock,
    ids: options.ids,
    handler: options.handler,
    onDefect: options.onDefect,
    names,
    authorities: createAuthorities(httpPort),
    scheme: 'http',
    secure: {
      names,
      authorities: createAuthorities(httpsPort),
      scheme: 'https',
      get limits() {
        return core.limits
      },
    },
    hops: createTrustedHops(policy.trustedHops),
    sweep: opening.use(createSweep(clock, sweepMs)),
    pools: opening.use(
      openUpstreamPools(policy, {
        readFile,
        nowMs: () => clock.monotonicMs(),
        openClient: options.kind === 'node' ? openUndiciClient : openSocketClient,
      }),
    ),
    limits: policy.connections,
    draining: false,
    running: 0,
  }
  return core
}

function noFile(path: string): never {
  throw new GatehouseError('invalid_argument', `Cannot read ${path}: this engine was opened without files`)
}

const httpPort = 80
const httpsPort = 443
const sweepMs = 50

interface Parts {
  readonly core: EngineCore
  readonly front: Front
}

/** Null for a listener by TLS where there is nothing to make it of. */
function serverFor({ isSecure }: Listener, tls: TlsSecrets | null, front: Front): Server | null {
  if (isSecure !== true) return front.openServer()
  return tls === null ? null : front.openSecureServer(tls)
}

/** Null where an optional one cannot have its port. */
async function listening(server: Server, listener: Listener, reusePort: boolean): Promise<Bound | null> {
  const { host, port, isSecure = false, isOptional = false } = listener
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host, port, reusePort, backlog }, resolve)
  try {
    await promise
  } catch (cause) {
    if (!hasCode(cause, 'EADDRINUSE')) throw cause
    if (isOptional) return null
    throw new GatehouseError('port_taken', `Cannot listen on ${host}:${port}: the port is taken`, { cause })
  } finally {
    server.off('error', reject)
  }
  const address = server.address()
  return { host, port: address !== null && typeof address === 'object' ? address.port : port, isSecure }
}

const backlog = 1_024

/** Waits until nothing is in progress. */
async function quiet({ core, front }: Parts, untilMs: number): Promise<void> {
  front.endSilent()
  while ((front.count > 0 || core.running > 0) && core.clock.monotonicMs() < untilMs) {
    front.closeIdle()
    const { promise, resolve } = Promise.withResolvers<void>()
    setTimeout(resolve, sweepMs)
    await promise
  }
}

function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve()) // stops listening at once; calls back when its connections are gone
  return promise
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { DropArgument, Socket } from 'node:net'
import { type Clock, type ConnectionLimits, GatehouseError, hasCode, type Policy } from '../../core/mod.ts'
import { createAuthorities } from './authority.ts'
import { createTrustedHops } from './client-address.ts'
import { Connections } from './connections.ts'
import type { EngineCore, Ids } from './engine-core.ts'
import type { Engine, Handler } from './exchange.ts'
import { createFieldNames } from './field-names.ts'
import { createSweep } from './sweep.ts'
import { openUpstreamPools } from './upstream-pools.ts'

export interface EngineOptions {
  /** Addresses to listen on; port 0 takes a free one. */
  readonly listeners: readonly { readonly host: string; readonly port: number }[]
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
}

/**
 * Opens the listeners. Every request that arrives on them, whatever becomes of it, is given to the handler exactly once.
 *
 * Throws `port_taken` when an address cannot be bound because somebody else has it, `invalid_argument` for trusted hops that
 * cannot be read. Disposing it ends all connections at once; `drain` first for a quiet end.
 */
export async function openEngine(options: EngineOptions): Promise<GatehouseEngine> {
  const { policy, clock } = options
  await using opening = new AsyncDisposableStack()
  const core: EngineCore = {
    clock,
    ids: options.ids,
    handler: options.handler,
    onDefect: options.onDefect,
    names: createFieldNames(),
    authorities: createAuthorities(httpPort),
    hops: createTrustedHops(policy.trustedHops),
    sweep: opening.use(createSweep(clock, sweepMs)),
    pools: opening.use(openUpstreamPools(policy)),
    limits: policy.connections,
    draining: false,
    running: 0,
  }
  const connections = opening.adopt(new Connections(core), (open) => open.end())
  const servers: Server[] = []
  const addresses: { host: string; port: number }[] = []
  for (const listener of options.listeners) {
    const server = opening.adopt(serverFor(core, connections), closed)
    servers.push(server)
    addresses.push(await listening(server, { ...listener, reusePort: options.reusePort }))
    server.on('error', (error) => core.onDefect(error, '')) // it goes on listening
  }
  const resources = opening.move()
  return {
    addresses,
    get connections() {
      return connections.count
    },
    configure: (next) => {
      core.hops = createTrustedHops(next.trustedHops)
      core.limits = next.connections
      core.pools.configure(next)
      for (const server of servers) applyLimits(server, next.connections)
    },
    drain: async (deadlineMs) => {
      core.draining = true
      for (const server of servers) server.close()
      await quiet({ core, connections, servers }, clock.monotonicMs() + deadlineMs)
    },
    [Symbol.asyncDispose]: async () => {
      core.draining = true
      await resources.disposeAsync()
    },
  }
}

const httpPort = 80
const sweepMs = 50

function serverFor(core: EngineCore, connections: Connections): Server {
  const server = createServer({
    // What Node would answer by itself must come to us, so that it ends in a record.
    requireHostHeader: false,
    insecureHTTPParser: false,
    maxHeaderSize: headBytesMax(core.limits),
    headersTimeout: core.limits.headersMs,
    requestTimeout: Math.max(core.limits.requestMs, core.limits.headersMs),
    keepAliveTimeout: core.limits.keepAliveMs,
    // headersMs and requestMs are noticed so much late at most.
    connectionsCheckingInterval: Math.min(connectionsCheckMs, Math.ceil(core.limits.headersMs / 2)),
    // Requests without a body need no stream for it.
    optimizeEmptyRequests: true,
    noDelay: true,
  })
  // The gate counts fields itself: Node would drop those beyond its maximum silently.
  server.maxHeadersCount = 0
  applyLimits(server, core.limits)
  const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
    connections.onRequest(incoming, response)
  }
  server.on('connection', (socket: Socket) => connections.onConnection(socket))
  server.on('request', onRequest)
  server.on('checkContinue', onRequest)
  server.on('checkExpectation', onRequest)
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => connections.onConnect(incoming, socket))
  server.on('clientError', (error: Error, socket: Socket) => connections.onClientError(error, socket))
  server.on('timeout', (socket: Socket) => connections.onTimeout(socket))
  server.on('drop', (dropped?: DropArgument) => connections.onDrop(dropped))
  return server
}

const connectionsCheckMs = 1_000

/** URL and fields together, and what Node counts with them; which of the two is too large is the gate's to say. */
function headBytesMax({ urlBytesMax, headerBytesMax }: ConnectionLimits): number {
  return urlBytesMax + headerBytesMax + headSlackBytes
}

const headSlackBytes = 1_024

function applyLimits(server: Server, limits: ConnectionLimits): void {
  // Read by Node for each new connection; not in its types.
  const settings = server as Server & { maxHeaderSize: number }
  settings.maxHeaderSize = headBytesMax(limits)
  server.headersTimeout = limits.headersMs
  server.requestTimeout = Math.max(limits.requestMs, limits.headersMs)
  server.keepAliveTimeout = limits.keepAliveMs
  // Counted by us, so that the request behind the last one is recorded and the last one says that it is.
  server.maxRequestsPerSocket = 0
  // Connections over the limit are answered with 503 as long as there are not too many of those.
  server.maxConnections = limits.connectionsMax + refusableConnectionsMax
}

/** Connections over the limit that may stay until they have been told so. */
const refusableConnectionsMax = 64

async function listening(
  server: Server,
  listener: { host: string; port: number; reusePort: boolean },
): Promise<{ host: string; port: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ ...listener, backlog }, resolve)
  try {
    await promise
  } catch (cause) {
    if (!hasCode(cause, 'EADDRINUSE')) throw cause
    throw new GatehouseError('port_taken', `Cannot listen on ${listener.host}:${listener.port}: the port is taken`, {
      cause,
    })
  } finally {
    server.off('error', reject)
  }
  const address = server.address()
  return { host: listener.host, port: address !== null && typeof address === 'object' ? address.port : listener.port }
}

const backlog = 1_024

/** Waits until nothing is in progress. */
async function quiet(
  { core, connections, servers }: { core: EngineCore; connections: Connections; servers: readonly Server[] },
  untilMs: number,
): Promise<void> {
  connections.endSilent()
  while ((connections.count > 0 || core.running > 0) && core.clock.monotonicMs() < untilMs) {
    for (const server of servers) server.closeIdleConnections()
    const { promise, resolve } = Promise.withResolvers<void>()
    setTimeout(resolve, sweepMs)
    await promise
  }
}

function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  return promise
}

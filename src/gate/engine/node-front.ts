import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { DropArgument, Server as NetServer, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ConnectionLimits } from '../../core/mod.ts'
import { Connections } from './connections.ts'
import type { EngineCore } from './engine-core.ts'
import { type Front, refusableConnectionsMax } from './front.ts'
import { contextOf, type TlsSecrets } from './tls-secrets.ts'

/** The reference engine's way in: `node:http`, and everything that it reports led to `Connections`. */
export class NodeFront implements Front {
  readonly #core: EngineCore
  readonly #connections: Connections
  readonly #servers: (Server | SecureServer)[] = []

  constructor(core: EngineCore) {
    this.#core = core
    this.#connections = new Connections(core)
  }

  get count(): number {
    return this.#connections.count
  }

  openServer(): Server {
    const { limits } = this.#core
    return this.#wired(openServer(limits, this.#connections))
  }

  openSecureServer(secrets: TlsSecrets): SecureServer {
    const { limits } = this.#core
    return this.#wired(openSecureServer(limits, this.#connections, secrets))
  }

  applyLimits(server: NetServer, limits: ConnectionLimits): void {
    applyLimits(server, limits)
  }

  closeIdle(): void {
    for (const server of this.#servers) server.closeIdleConnections()
  }

  endSilent(): void {
    this.#connections.endSilent()
  }

  async end(): Promise<void> {
    await this.#connections.end()
  }

  #wired<S extends Server | SecureServer>(server: S): S {
    this.#servers.push(server)
    return server
  }
}

/** A server whose connections and requests all go to `connections`; it does not listen yet. */
function openServer(limits: ConnectionLimits, connections: Connections): Server {
  const server = createServer(optionsOf(limits))
  server.on('connection', (socket: Socket) => connections.arrivals.onConnection(socket))
  return wired(server, limits, connections)
}

/** The same behind TLS. HTTP/1.1 alone is offered (ALPN); who asks for something else alone is refused. */
function openSecureServer(limits: ConnectionLimits, connections: Connections, secrets: TlsSecrets): SecureServer {
  const server = createSecureServer({
    ...optionsOf(limits),
    ...contextOf(secrets),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: limits.headersMs,
    requestCert: secrets.clientCa !== null,
    // Who may not stay is told so, and recorded, by ourselves.
    rejectUnauthorized: false,
  })
  const mustProve = secrets.clientCa !== null && secrets.isClientCertRequired
  server.on('connection', (socket: Socket) => connections.arrivals.onHandshake(socket))
  // Before Node begins to read requests from it.
  server.prependListener('secureConnection', (socket: TLSSocket) => connections.arrivals.onSecure(socket, mustProve))
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => connections.arrivals.onTlsError(error, socket))
  return wired(server, limits, connections)
}

function optionsOf(limits: ConnectionLimits): ServerOptions & { noDelay: boolean } {
  return {
    // What Node would answer by itself must come to us, so that it ends in a record.
    requireHostHeader: false,
    insecureHTTPParser: false,
    maxHeaderSize: headBytesMax(limits),
    headersTimeout: limits.headersMs,
    requestTimeout: Math.max(limits.requestMs, limits.headersMs),
    keepAliveTimeout: limits.keepAliveMs,
    // headersMs and requestMs are noticed so much late at most.
    connectionsCheckingInterval: Math.min(connectionsCheckMs, Math.ceil(limits.headersMs / 2)),
    // Requests without a body need no stream for it.
    optimizeEmptyRequests: true,
    noDelay: true,
  }
}

const connectionsCheckMs = 1_000

function wired<S extends Server | SecureServer>(server: S, limits: ConnectionLimits, connections: Connections): S {
  // The gate counts fields itself: Node would drop those beyond its maximum silently.
  server.maxHeadersCount = 0
  applyLimits(server, limits)
  const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
    connections.onRequest(incoming, response)
  }
  server.on('request', onRequest)
  server.on('checkContinue', onRequest)
  server.on('checkExpectation', onRequest)
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => connections.onConnect(incoming, socket))
  server.on('clientError', (error: Error, socket: Socket) => connections.onClientError(error, socket))
  server.on('timeout', (socket: Socket) => connections.onTimeout(socket))
  server.on('drop', (dropped?: DropArgument) => connections.arrivals.onDrop(dropped))
  return server
}

/** URL and fields together, and what Node counts with them; which of the two is too large is the gate's to say. */
function headBytesMax({ urlBytesMax, headerBytesMax }: ConnectionLimits): number {
  return urlBytesMax + headerBytesMax + headSlackBytes
}

const headSlackBytes = 1_024

/** Takes over new limits, for new connections. */
function applyLimits(server: NetServer, limits: ConnectionLimits): void {
  // Read by Node for each new connection; not in its types.
  const settings = server as Server & { maxHeaderSize: number }
  settings.maxHeaderSize = headBytesMax(limits)
  settings.headersTimeout = limits.headersMs
  settings.requestTimeout = Math.max(limits.requestMs, limits.headersMs)
  settings.keepAliveTimeout = limits.keepAliveMs
  // Counted by us, so that the request behind the last one is recorded and the last one says that it is.
  settings.maxRequestsPerSocket = 0
  // Connections over the limit are answered with 503 as long as there are not too many of those.
  server.maxConnections = limits.connectionsMax + refusableConnectionsMax
}

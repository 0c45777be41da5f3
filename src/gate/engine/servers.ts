import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { DropArgument, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ConnectionLimits } from '../../core/mod.ts'
import type { Connections } from './connections.ts'
import { contextOf, type TlsSecrets } from './tls-secrets.ts'

/** A server whose connections and requests all go to `connections`; it does not listen yet. */
export function openServer(limits: ConnectionLimits, connections: Connections): Server {
  const server = createServer(optionsOf(limits))
  server.on('connection', (socket: Socket) => connections.onConnection(socket))
  return wired(server, limits, connections)
}

/** The same behind TLS. HTTP/1.1 alone is offered (ALPN); who asks for something else alone is refused. */
export function openSecureServer(
  limits: ConnectionLimits,
  connections: Connections,
  secrets: TlsSecrets,
): SecureServer {
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
  server.on('connection', (socket: Socket) => connections.onHandshake(socket))
  // Before Node begins to read requests from it.
  server.prependListener('secureConnection', (socket: TLSSocket) => connections.onSecure(socket, mustProve))
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => connections.onTlsError(error, socket))
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
  server.on('drop', (dropped?: DropArgument) => connections.onDrop(dropped))
  return server
}

/** URL and fields together, and what Node counts with them; which of the two is too large is the gate's to say. */
function headBytesMax({ urlBytesMax, headerBytesMax }: ConnectionLimits): number {
  return urlBytesMax + headerBytesMax + headSlackBytes
}

const headSlackBytes = 1_024

/** Takes over new limits, for new connections. */
export function applyLimits(server: Server | SecureServer, limits: ConnectionLimits): void {
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

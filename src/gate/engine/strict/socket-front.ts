import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createSecureServer, type Server as SecureServer, type TLSSocket } from 'node:tls'
import type { ConnectionLimits } from '../../../core/mod.ts'
import { type Arrival, Arrivals } from '../arrivals.ts'
import type { EngineCore } from '../engine-core.ts'
import { destroyAll, type Front, refusableConnectionsMax } from '../front.ts'
import { createSweep, type Sweep } from '../sweep.ts'
import { contextOf, type TlsSecrets } from '../tls-secrets.ts'
import { SocketConnection } from './socket-connection.ts'

/** Deadlines of connections are noticed so much late at most; ten thousand idle ones are looked at in no time. */
const sweepMs = 250

/** The strict engine's way in: sockets, read by ourselves. */
export class SocketFront implements Front {
  readonly #core: EngineCore
  readonly #arrivals: Arrivals
  readonly #open = new Set<SocketConnection>()
  readonly #sweep: Sweep

  constructor(core: EngineCore) {
    this.#core = core
    this.#arrivals = new Arrivals(core, (arrival) => this.#take(arrival))
    this.#sweep = createSweep(core.clock, sweepMs)
  }

  get count(): number {
    return this.#open.size
  }

  openServer(): Server {
    // Half-open: what a client has asked for may still reach it when it sends no more.
    const server = createServer({ noDelay: true, allowHalfOpen: true })
    server.on('connection', (socket: Socket) => this.#arrivals.onConnection(socket))
    return this.#wired(server)
  }

  /** HTTP/1.1 alone is offered (ALPN); who asks for something else alone is refused. */
  openSecureServer(secrets: TlsSecrets): SecureServer {
    const server = createSecureServer({
      noDelay: true,
      ...contextOf(secrets),
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: this.#core.limits.headersMs,
      requestCert: secrets.clientCa !== null,
      // Who may not stay is told so, and recorded, by ourselves.
      rejectUnauthorized: false,
    })
    const mustProve = secrets.clientCa !== null && secrets.isClientCertRequired
    server.on('connection', (socket: Socket) => this.#arrivals.onHandshake(socket))
    server.on('secureConnection', (socket: TLSSocket) => this.#arrivals.onSecure(socket, mustProve))
    server.on('tlsClientError', (error: Error, socket: TLSSocket) => this.#arrivals.onTlsError(error, socket))
    return this.#wired(server)
  }

  applyLimits(server: Server, limits: ConnectionLimits): void {
    // Connections over the limit are answered with 503 as long as there are not too many of those.
    server.maxConnections = limits.connectionsMax + refusableConnectionsMax
  }

  closeIdle(): void {
    for (const connection of this.#open) if (connection.idle && !connection.silent) connection.socket.destroy()
  }

  endSilent(): void {
    this.#arrivals.endHandshakes()
    for (const connection of this.#open) if (connection.silent) connection.socket.destroy()
  }

  async end(): Promise<void> {
    this.#arrivals.endHandshakes()
    await destroyAll([...this.#open].map(({ socket }) => socket))
    this.#sweep[Symbol.dispose]()
  }

  #wired<S extends Server>(server: S): S {
    this.applyLimits(server, this.#core.limits)
    server.on('drop', (dropped) => this.#arrivals.onDrop(dropped))
    return server
  }

  #take(arrival: Arrival): void {
    const connection = new SocketConnection(this.#core, arrival)
    this.#open.add(connection)
    this.#sweep.watch(connection)
    arrival.socket.once('close', () => {
      this.#open.delete(connection)
      this.#sweep.unwatch(connection)
      connection.lost()
    })
  }
}

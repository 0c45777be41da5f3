import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { refusal, type Refusal } from '../../core/mod.ts'
import { type Arrival, Arrivals, describeRemains, tooMany } from './arrivals.ts'
import { Connection } from './connection.ts'
import type { EngineCore } from './engine-core.ts'
import { garbageBehind, NodeExchange } from './exchange-node.ts'
import { RefusedExchange } from './exchange-refused.ts'
import { destroyAll } from './front.ts'
import { isGarbage, isSocketError, parseDefect, type ParserError, type Remains, remainsOf } from './parse-failure.ts'

const connectionOf: unique symbol = Symbol('connection')

/** Where Node hands us a socket, our connection hangs on it. */
type GateSocket = Socket & { [connectionOf]?: Connection }

/** What Node's servers report about connections, turned into exchanges. */
export class Connections {
  readonly #core: EngineCore
  readonly #open = new Set<Connection>()
  readonly arrivals: Arrivals

  constructor(core: EngineCore) {
    this.#core = core
    this.arrivals = new Arrivals(core, (arrival) => this.#take(arrival))
  }

  /** Open ones. */
  get count(): number {
    return this.#open.size
  }

  #take({ socket, refused, secure }: Arrival): void {
    const connection = new Connection(socket, refused, secure)
    this.#open.add(connection)
    const gateSocket: GateSocket = socket
    gateSocket[connectionOf] = connection
    socket.once('close', () => {
      this.#open.delete(connection)
      connection.lost()
    })
  }

  onRequest(incoming: IncomingMessage, response: ServerResponse): void {
    const connection = (incoming.socket as GateSocket)[connectionOf]
    if (connection !== undefined) receive(this.#core, connection, incoming, response)
  }

  /** CONNECT: Node hands over the socket. */
  onConnect(incoming: IncomingMessage, socket: GateSocket): void {
    const connection = socket[connectionOf]
    if (connection === undefined) return
    const defect = refusal('upgrade_refused', 'Tunnels are not opened', { note: `CONNECT ${incoming.url}` })
    const remains = { method: 'CONNECT', httpVersion: incoming.httpVersion, target: '', host: '' }
    refuse(this.#core, connection, { defect, remains })
  }

  /** The parser gave up, the request took too long, or the socket broke. */
  onClientError(error: ParserError, socket: GateSocket): void {
    const connection = socket[connectionOf]
    if (connection !== undefined) failed(this.#core, connection, error)
  }

  /** Nothing moved for as long as was allowed, in either direction. */
  onTimeout(socket: GateSocket): void {
    const connection = socket[connectionOf]
    if (connection === undefined || connection.stalled() || connection.closing) return
    if (connection.hasPartialMessage) refuse(this.#core, connection, { defect: slowHead, remains: remainsOf(null) })
    else socket.destroy()
  }

  /** Closes the connections on which nothing was ever sent. */
  endSilent(): void {
    this.arrivals.endHandshakes()
    for (const { socket } of this.#open) if (socket.bytesRead === 0) socket.destroy()
  }

  /** Closes all of them; resolves when their exchanges know. */
  async end(): Promise<void> {
    this.arrivals.endHandshakes()
    await destroyAll([...this.#open].map(({ socket }) => socket))
  }
}

const slowHead = refusal('request_timeout', 'The request did not arrive in time', { note: 'silent within a head' })

/** A parsed request takes its place in the line of its connection. */
function receive(core: EngineCore, connection: Connection, incoming: IncomingMessage, response: ServerResponse): void {
  // Behind a defect nobody knows whether it is a request at all.
  if (connection.closing && !connection.overrun) return
  if (connection.closing) return excessive(core, connection, incoming)
  connection.requests++
  const isLast = connection.requests >= core.limits.requestsPerConnectionMax || connection.waiting >= waitingMax
  const exchange = new NodeExchange(core, connection, { incoming, response, isLast })
  connection.closing = isLast || exchange.defect !== null
  connection.overrun = isLast && exchange.defect === null
  if (exchange.received) connection.bytesSeen = connection.socket.bytesRead
  else connection.receiving = exchange
  connection.enter(exchange)
}

/** Requests that a client may send ahead of their answers; the one behind them is the last that is served. */
const waitingMax = 64

const excessMax = 64

/** Recorded at once and never answered: the answer before it has said that the connection closes. */
function excessive(core: EngineCore, connection: Connection, incoming: IncomingMessage): void {
  // Whoever still sends on has not read a word; what waits in the line does not wait for him.
  if (++connection.excess > excessMax) connection.socket.destroy()
  const remains = {
    method: incoming.method ?? '',
    httpVersion: incoming.httpVersion,
    target: incoming.url?.startsWith('/') === true ? incoming.url : '',
    host: '',
  }
  const defect = tooMany(`request ${connection.requests + connection.excess} of a connection that closes`)
  new RefusedExchange(core, null, { request: describeRemains(core, connection, remains), defect }).begin()
}

/** Node gives up on a connection: within a body, within a head, or between two requests. */
function failed(core: EngineCore, connection: Connection, error: ParserError): void {
  const { socket, receiving } = connection
  if (isSocketError(error)) {
    if (connection.hasPartialMessage) refuse(core, connection, { defect: brokenOff, remains: remainsOf(null) })
    socket.destroy()
    return
  }
  if (connection.closing && connection.idle) return
  const defect = parseDefect(error, core.limits)
  if (receiving !== null && !receiving.received) {
    connection.closing = true
    return receiving.breakOff(defect)
  }
  if (connection.closing) return
  if (receiving !== null && !receiving.begun && isGarbage(error)) {
    connection.closing = true
    return receiving.breakOff(garbageBehind(defect.note))
  }
  // Nothing was sent, or nothing but the end of the last message: then there is nothing to refuse.
  if (socket.bytesRead === 0) {
    socket.destroy()
    return
  }
  const packet = error.rawPacket ?? null
  const isWholeStart = packet !== null && packet.length === socket.bytesRead - connection.bytesSeen
  refuse(core, connection, { defect, remains: remainsOf(isWholeStart ? packet : null) })
}

const brokenOff = refusal('client_abort', 'The client left within its request')

function refuse(
  core: EngineCore,
  connection: Connection,
  { defect, remains }: { defect: Refusal; remains: Remains },
): void {
  connection.closing = true
  connection.enter(
    new RefusedExchange(core, connection.socket, {
      request: describeRemains(core, connection, remains),
      defect: connection.refused ?? defect,
    }),
  )
}

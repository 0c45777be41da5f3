import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DropArgument, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type ApiRequest, type ConnectionTls, type Peer, refusal, type Refusal } from '../../core/mod.ts'
import { addressGroup, plainAddress } from './client-address.ts'
import { Connection } from './connection.ts'
import { connectionTls } from './connection-tls.ts'
import type { EngineCore } from './engine-core.ts'
import { garbageBehind, NodeExchange } from './exchange-node.ts'
import { RefusedExchange } from './exchange-refused.ts'
import { type FailedHandshake, Handshakes } from './handshakes.ts'
import { isGarbage, isSocketError, parseDefect, type ParserError, type Remains, remainsOf } from './parse-failure.ts'
import { describeRequest } from './request-facts.ts'

const connectionOf: unique symbol = Symbol('connection')

/** Where Node hands us a socket, our connection hangs on it. */
type GateSocket = Socket & { [connectionOf]?: Connection }

/** What Node's servers report about connections, turned into exchanges. */
export class Connections {
  readonly #core: EngineCore
  readonly #open = new Set<Connection>()
  /** How many there are of each address, those within a TLS handshake too. */
  readonly #groups = new Map<string, number>()
  #total = 0
  readonly #handshakes: Handshakes

  constructor(core: EngineCore) {
    this.#core = core
    this.#handshakes = new Handshakes(core.clock, (handshake) => this.#onFailedHandshake(handshake))
  }

  /** Open ones. */
  get count(): number {
    return this.#open.size
  }

  onConnection(socket: GateSocket): void {
    this.#count(socket)
    this.#take(socket, new Connection(socket, this.#overLimit(socket)))
  }

  /** TCP stands, TLS begins. */
  onHandshake(socket: Socket): void {
    this.#count(socket)
    this.#handshakes.begin(socket)
  }

  /** TLS stands. `mustProve`: whoever has no certificate that is vouched for may not stay. */
  onSecure(socket: TLSSocket & GateSocket, mustProve: boolean): void {
    if (mustProve && !socket.authorized) return this.#handshakes.refuse(socket)
    const tcp = this.#handshakes.done(socket) ?? socket
    this.#take(socket, new Connection(socket, this.#overLimit(socket), { tls: connectionTls(socket), tcp }))
  }

  /** TLS will not stand. */
  onTlsError(error: Error, socket: TLSSocket): void {
    this.#handshakes.failing(error, socket)
  }

  #onFailedHandshake({ address, port, note }: FailedHandshake): void {
    const peer = { address, port, clientIp: address, trustedHop: null }
    const described = describe(this.#core, { peer, tls: null }, remainsOf(null))
    const request: ApiRequest = { ...described, scheme: 'https', protocol: '' }
    const defect = refusal('tls_failed', 'No TLS connection came about', { note })
    new RefusedExchange(this.#core, null, { request, defect }).begin()
  }

  #count(socket: Socket): void {
    const group = addressGroup(plainAddress(socket.remoteAddress ?? ''))
    this.#groups.set(group, (this.#groups.get(group) ?? 0) + 1)
    this.#total++
    socket.on('error', ignore) // each ends in 'close'
    socket.once('close', () => {
      this.#total--
      const left = (this.#groups.get(group) ?? 1) - 1
      if (left === 0) this.#groups.delete(group)
      else this.#groups.set(group, left)
    })
  }

  #take(socket: GateSocket, connection: Connection): void {
    this.#open.add(connection)
    socket[connectionOf] = connection
    if (connection.tls !== null) socket.on('error', ignore)
    socket.once('close', () => {
      this.#open.delete(connection)
      connection.lost()
    })
  }

  #overLimit(socket: Socket): Refusal | null {
    const address = plainAddress(socket.remoteAddress ?? '')
    const ofGroup = this.#groups.get(addressGroup(address)) ?? 1
    return overLimit(this.#core, { address, total: this.#total, ofGroup })
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

  /** The kernel's connection was closed before it became one of ours. */
  onDrop(dropped: DropArgument | undefined): void {
    const address = plainAddress(dropped?.remoteAddress ?? '')
    const peer = { address, port: dropped?.remotePort ?? 0, clientIp: address, trustedHop: null }
    const request = describe(this.#core, { peer, tls: null }, remainsOf(null))
    new RefusedExchange(this.#core, null, { request, defect: tooMany('the hard limit of connections') }).begin()
  }

  /** Closes the connections on which nothing was ever sent. */
  endSilent(): void {
    this.#handshakes.end()
    for (const { socket } of this.#open) if (socket.bytesRead === 0) socket.destroy()
  }

  /** Closes all of them; resolves when their exchanges know. */
  async end(): Promise<void> {
    this.#handshakes.end()
    const { promise, resolve } = Promise.withResolvers<void>()
    for (const { socket } of this.#open) {
      socket.once('close', () => {
        if (this.#open.size === 0) resolve()
      })
      socket.destroy()
    }
    if (this.#open.size > 0) await promise
  }
}

function ignore(): void {
  // Nothing to do: see where it is used.
}

const slowHead = refusal('request_timeout', 'The request did not arrive in time', { note: 'silent within a head' })

function tooMany(note: string): Refusal {
  return refusal('too_many_connections', 'There are too many connections', { headers: ['retry-after', '1'], note })
}

function overLimit(
  { limits, hops }: EngineCore,
  { address, total, ofGroup }: { address: string; total: number; ofGroup: number },
): Refusal | null {
  if (total > limits.connectionsMax) return tooMany(`more than ${limits.connectionsMax} connections`)
  // A trusted hop brings the connections of many.
  if (ofGroup <= limits.connectionsPerIpMax || hops.trusts(address)) return null
  return tooMany(`more than ${limits.connectionsPerIpMax} connections from one address`)
}

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
  new RefusedExchange(core, null, { request: describe(core, connection, remains), defect }).begin()
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
      request: describe(core, connection, remains),
      defect: connection.refused ?? defect,
    }),
  )
}

function describe(
  core: EngineCore,
  { peer, tls }: { readonly peer: Peer; readonly tls: ConnectionTls | null },
  { method, httpVersion, target, host }: Remains,
): ApiRequest {
  const mark = target.indexOf('?')
  const examined = {
    defect: null,
    host,
    authority: host,
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark + 1),
    headers: [],
    bodyBytes: 0,
    headBytes: 0,
    expectsContinue: false,
    connectionNames: [],
    traceparent: null,
  }
  return describeRequest(core, { method, httpVersion }, { examined, peer, tls })
}

import type { DropArgument, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type ApiRequest, type ConnectionTls, type Peer, refusal, type Refusal } from '../../core/mod.ts'
import { addressGroup, plainAddress } from './client-address.ts'
import { connectionTls } from './connection-tls.ts'
import type { EngineCore } from './engine-core.ts'
import { RefusedExchange } from './exchange-refused.ts'
import { type FailedHandshake, Handshakes } from './handshakes.ts'
import type { Remains } from './parse-failure.ts'
import { describeRequest } from './request-facts.ts'

/** What TLS adds to a connection. */
export interface SecureSide {
  readonly tls: ConnectionTls
  /** The socket below. */
  readonly tcp: Socket
}

/** A connection that may speak HTTP now. */
export interface Arrival {
  readonly socket: Socket
  /** Why its first request is its last. */
  readonly refused: Refusal | null
  /** Null without TLS. */
  readonly secure: SecureSide | null
}

/** Connections on their way in: counted by address, led through TLS, and told where they are too many. */
export class Arrivals {
  readonly #core: EngineCore
  readonly #take: (arrival: Arrival) => void
  /** How many there are of each address, those within a TLS handshake too. */
  readonly #groups = new Map<string, number>()
  #total = 0
  readonly #handshakes: Handshakes

  constructor(core: EngineCore, take: (arrival: Arrival) => void) {
    this.#core = core
    this.#take = take
    this.#handshakes = new Handshakes(core.clock, (handshake) => this.#onFailedHandshake(handshake))
  }

  onConnection(socket: Socket): void {
    this.#count(socket)
    this.#take({ socket, refused: this.#overLimit(socket), secure: null })
  }

  /** TCP stands, TLS begins. */
  onHandshake(socket: Socket): void {
    this.#count(socket)
    this.#handshakes.begin(socket)
  }

  /** TLS stands. `mustProve`: whoever has no certificate that is vouched for may not stay. */
  onSecure(socket: TLSSocket, mustProve: boolean): void {
    if (mustProve && !socket.authorized) return this.#handshakes.refuse(socket)
    const tcp = this.#handshakes.done(socket) ?? socket
    socket.on('error', ignore)
    this.#take({ socket, refused: this.#overLimit(socket), secure: { tls: connectionTls(socket), tcp } })
  }

  /** TLS will not stand. */
  onTlsError(error: Error, socket: TLSSocket): void {
    this.#handshakes.failing(error, socket)
  }

  /** The kernel's connection was closed before it became one of ours. */
  onDrop(dropped: DropArgument | undefined): void {
    const address = plainAddress(dropped?.remoteAddress ?? '')
    const peer = { address, port: dropped?.remotePort ?? 0, clientIp: address, trustedHop: null }
    const request = describeRemains(this.#core, { peer, tls: null }, nothing)
    new RefusedExchange(this.#core, null, { request, defect: tooMany('the hard limit of connections') }).begin()
  }

  /** Ends the handshakes that are under way. */
  endHandshakes(): void {
    this.#handshakes.end()
  }

  #onFailedHandshake({ address, port, note }: FailedHandshake): void {
    const peer = { address, port, clientIp: address, trustedHop: null }
    const described = describeRemains(this.#core, { peer, tls: null }, nothing)
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

  #overLimit(socket: Socket): Refusal | null {
    const { limits, hops } = this.#core
    const address = plainAddress(socket.remoteAddress ?? '')
    const ofGroup = this.#groups.get(addressGroup(address)) ?? 1
    if (this.#total > limits.connectionsMax) return tooMany(`more than ${limits.connectionsMax} connections`)
    // A trusted hop brings the connections of many.
    if (ofGroup <= limits.connectionsPerIpMax || hops.trusts(address)) return null
    return tooMany(`more than ${limits.connectionsPerIpMax} connections from one address`)
  }
}

function ignore(): void {
  // Nothing to do: see where it is used.
}

export function tooMany(note: string): Refusal {
  return refusal('too_many_connections', 'There are too many connections', { headers: ['retry-after', '1'], note })
}

const nothing: Remains = { method: '', httpVersion: '', target: '', host: '' }

/** A request of which there is only what could be made out. */
export function describeRemains(
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
    closes: true,
    traceparent: null,
  }
  return describeRequest(core, { method, httpVersion }, { examined, peer, tls })
}

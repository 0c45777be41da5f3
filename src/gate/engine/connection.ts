import type { Socket } from 'node:net'
import type { ConnectionTls, Peer, Refusal } from '../../core/mod.ts'
import type { SecureSide } from './arrivals.ts'
import { plainAddress } from './client-address.ts'

/** An exchange in its turn. A client may send several requests at once; they are served one after the other. */
export interface Turn {
  /** It is this one's turn. The connection hears of its end through `ended`. */
  begin(): void
  /** The client takes none of the answer's bytes; the turn ends with the connection. */
  stalled(): void
  /** The connection is gone. */
  lost(): void
}

/** A turn whose body is still coming in. */
export interface Receiving {
  readonly received: boolean
  /** Handed to the handler already. */
  readonly begun: boolean
  /** The body cannot be read to its end. */
  breakOff(why: Refusal): void
}

/** One connection of a client: who it is, and whose turn it is. */
export class Connection {
  readonly socket: Socket
  /** The client where no hop before it is believed. */
  readonly peer: Peer
  /** Set when the connection was over a limit from its beginning: its first request is its last. */
  readonly refused: Refusal | null
  /** Null without TLS. */
  readonly tls: ConnectionTls | null
  /** The TCP socket: that of the connection, or the one below TLS. */
  readonly #tcp: Socket
  requests = 0
  /** No further request is taken. */
  closing = false
  /** Closing because the client sent too many requests: those that follow are still requests, to be recorded. */
  overrun = false
  /** Requests behind the last one that was taken. */
  excess = 0
  /** The last request with a body. */
  receiving: Receiving | null = null
  /** Bytes up to the end of the last complete message, as far as one can tell. */
  bytesSeen = 0
  #active: Turn | null = null
  readonly #waiting: Turn[] = []
  /** Nobody can be answered any more. */
  #lost = false

  constructor(socket: Socket, refused: Refusal | null, secure: SecureSide | null = null) {
    const address = plainAddress(socket.remoteAddress ?? '')
    this.socket = socket
    this.tls = secure?.tls ?? null
    this.#tcp = secure?.tcp ?? socket
    this.peer = { address, port: socket.remotePort ?? 0, clientIp: address, trustedHop: null }
    this.refused = refused
  }

  /** No request is in progress. */
  get idle(): boolean {
    return this.#active === null
  }

  /** Bytes have come that belong to no complete message. */
  get hasPartialMessage(): boolean {
    return this.idle && !this.closing && this.socket.bytesRead > this.bytesSeen
  }

  /** Turns in the line, the active one not counted. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Takes a turn into the line. */
  enter(turn: Turn): void {
    if (this.#active !== null) {
      this.#waiting.push(turn)
      return
    }
    this.#active = turn
    turn.begin()
  }

  /** The answer of this turn is out, or never will be. Behind a last answer nothing is served any more (RFC 9112 section 9.6). */
  ended(turn: Turn, { isLast }: { isLast: boolean }): void {
    if (this.#active !== turn) return
    this.#lost ||= isLast
    if (this.receiving?.received === true) {
      this.receiving = null
      this.bytesSeen = this.socket.bytesRead
    }
    this.#active = this.#waiting.shift() ?? null
    if (this.#active === null) return
    if (this.#lost) this.#active.lost()
    this.#active.begin()
  }

  /** Breaks off, so that nobody takes what was sent for a whole. */
  reset(): void {
    this.#tcp.resetAndDestroy()
  }

  /** The client takes no bytes. True when there is an answer that it could take. */
  stalled(): boolean {
    this.#active?.stalled()
    return this.#active !== null
  }

  /** The socket is closed. */
  lost(): void {
    this.#lost = true
    this.closing = true
    this.#active?.lost()
  }
}

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Clock, hasCode } from '../../core/mod.ts'
import { faultText } from './connection-tls.ts'
import { plainAddress } from './client-address.ts'

/** A handshake that came to nothing. */
export interface FailedHandshake {
  readonly address: string
  readonly port: number
  /** For the record: a code of OpenSSL or Node, and how many more there were. */
  readonly note: string
}

/** Failed handshakes that a thread records in a second; a scanner makes more of them than a ledger should hold. */
export const recordedPerSecondMax = 100

const countedMs = 1_100

interface Pending {
  readonly socket: Socket
  why: string | null
}

/**
 * TLS connections between their first byte and the end of their handshake. Each that fails is told once, behind its end; of a
 * connection on which nothing was ever sent there is nothing to tell. More than `recordedPerSecondMax` in a second are
 * only counted, and the number stands in the note of the next that is told.
 */
export class Handshakes {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #onFailed: (failed: FailedHandshake) => void
  /** By the client's address and port, which the TLS socket and the one below it have in common. */
  readonly #pending = new Map<string, Pending>()
  #secondMs = Number.NEGATIVE_INFINITY
  #told = 0
  #untold = 0
  #later: NodeJS.Timeout | null = null

  constructor(clock: Pick<Clock, 'monotonicMs'>, onFailed: (failed: FailedHandshake) => void) {
    this.#clock = clock
    this.#onFailed = onFailed
  }

  /** Failed ones that were only counted since the last that was told. */
  get untold(): number {
    return this.#untold
  }

  begin(socket: Socket): void {
    const { remoteAddress = '', remotePort = 0 } = socket
    const key = keyOf(socket)
    const pending: Pending = { socket, why: null }
    this.#pending.set(key, pending)
    socket.once('close', () => {
      if (this.#pending.get(key) !== pending) return
      this.#pending.delete(key)
      if (socket.bytesRead > 0) this.#tell(plainAddress(remoteAddress), remotePort, pending.why)
    })
  }

  /** TLS stands. Gives the socket below, by which alone a connection can be reset. */
  done(secure: TLSSocket): Socket | null {
    const key = keyOf(secure)
    const pending = this.#pending.get(key)
    this.#pending.delete(key)
    return pending?.socket ?? null
  }

  /** TLS stands, but its client may not stay: it is told as failed. */
  refuse(secure: TLSSocket): void {
    const pending = this.#pending.get(keyOf(secure))
    if (pending !== undefined) pending.why = `client certificate: ${faultText(secure)}`
    secure.destroy()
  }

  /** Ends those that are under way. */
  end(): void {
    for (const { socket } of this.#pending.values()) socket.destroy()
  }

  /** Why a handshake fails; its end follows, or was before. */
  failing(error: Error, secure: TLSSocket): void {
    const pending = this.#pending.get(keyOf(secure))
    if (pending !== undefined && !hasCode(error, 'ECONNRESET')) pending.why = codeOf(error)
    secure.destroy()
  }

  #tell(address: string, port: number, why: string | null): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#secondMs >= 1_000) {
      this.#secondMs = nowMs
      this.#told = 0
    }
    if (this.#told >= recordedPerSecondMax) {
      if (this.#untold++ > 0) return
      // Where no other follows, this one tells of them.
      this.#later = setTimeout(() => this.#tell(address, port, why), countedMs).unref()
      return
    }
    this.#told++
    const more = this.#untold === 0 ? '' : `; ${this.#untold} were only counted since the last`
    this.#untold = 0
    if (this.#later !== null) clearTimeout(this.#later)
    this.#later = null
    this.#onFailed({ address, port, note: `${why ?? 'the client left within the handshake'}${more}` })
  }
}

function keyOf({ remoteAddress = '', remotePort = 0, localAddress = '' }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

import { Readable } from 'node:stream'
import type { BodySource } from '../body-source.ts'

/** What a body can ask of the connection that it comes by. */
export interface BodyFlow {
  pause(): void
  resume(): void
}

/** Whoever has asked for all of it. */
interface Gathering {
  readonly bytesMax: number
  readonly onReady: (isWhole: boolean) => void
}

interface Streaming {
  readonly readable: Readable
  readonly onChunk: (bytesSoFar: number, chunk: Uint8Array) => boolean
  readonly onEnd: () => void
}

/** Kept while nobody has asked for it; then the client is held back. */
const keptBytesMax = 65_536
const keptBytesMin = 4_096

/** The body of a request as a connection of our own reads it: decoded bytes are pushed, and held back where nobody takes them. */
export class SocketBody implements BodySource {
  readonly #flow: BodyFlow
  #complete: boolean
  #bytesRead = 0
  /** What arrived and was not given away, in one piece: many small ones would take far more memory than their bytes. */
  #kept: Buffer = empty
  #keptBytes = 0
  #isHeld = false
  #gathering: Gathering | null = null
  #streaming: Streaming | null = null
  #discards = false

  constructor(flow: BodyFlow, exists: boolean) {
    this.#flow = flow
    this.#complete = !exists
  }

  get complete(): boolean {
    return this.#complete
  }

  get bytesRead(): number {
    return this.#bytesRead
  }

  get awaited(): boolean {
    return !this.#complete && !this.#isHeld
  }

  /** The connection: more has come. */
  push(chunk: Buffer): void {
    this.#bytesRead += chunk.length
    if (this.#discards) return
    if (this.#streaming !== null) return this.#give(chunk, this.#streaming)
    this.#keep(chunk)
    if (this.#keptBytes <= (this.#gathering?.bytesMax ?? keptBytesMax)) return
    this.#hold()
    this.#gathered(false)
  }

  /** The connection: that was all. */
  finish(): void {
    this.#complete = true
    this.#release()
    this.#gathered(true)
    if (this.#streaming !== null) this.#endStream(this.#streaming)
  }

  takeWhole(): Buffer {
    const kept = this.#kept.subarray(0, this.#keptBytes)
    this.#kept = empty
    this.#keptBytes = 0
    return kept
  }

  gather(bytesMax: number, onReady: (isWhole: boolean) => void): void {
    const gathering = { bytesMax, onReady }
    this.#gathering = gathering
    if (!this.#complete && this.#keptBytes <= bytesMax) return this.#release()
    queueMicrotask(() => {
      if (this.#gathering === gathering) this.#gathered(this.#complete && this.#keptBytes <= bytesMax)
    })
  }

  open(onChunk: (bytesSoFar: number, chunk: Uint8Array) => boolean, onEnd: () => void): Readable {
    const readable = new Readable({
      read: () => this.#release(),
      destroy: (_error, done) => {
        if (this.#streaming?.readable === readable) this.#streaming = null
        if (!this.#complete && !this.#discards) this.#hold()
        done(null) // whoever destroyed it knows why
      },
    })
    const streaming = { readable, onChunk, onEnd }
    this.#streaming = streaming
    if (this.#keptBytes > 0) {
      const kept = this.takeWhole()
      if (onChunk(this.#bytesRead, kept)) readable.push(kept)
    }
    if (this.#complete) queueMicrotask(() => this.#endStream(streaming))
    return readable
  }

  release(): void {
    this.#gathering = null
    this.takeWhole()
    this.#streaming?.readable.destroy()
    this.#streaming = null
  }

  discard(): void {
    this.#discards = true
    this.release()
    this.#release()
  }

  #give(chunk: Buffer, { readable, onChunk }: Streaming): void {
    if (onChunk(this.#bytesRead, chunk) && !readable.push(chunk)) this.#hold()
  }

  #endStream(streaming: Streaming): void {
    if (this.#streaming !== streaming) return
    this.#streaming = null
    streaming.readable.push(null)
    streaming.onEnd()
  }

  #gathered(isWhole: boolean): void {
    const gathering = this.#gathering
    this.#gathering = null
    gathering?.onReady(isWhole)
  }

  #keep(chunk: Buffer): void {
    const bytes = this.#keptBytes + chunk.length
    if (this.#keptBytes === 0 && this.#kept.length === 0) {
      this.#kept = chunk // by far the most come in one piece
    } else if (bytes > this.#kept.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#kept.length, keptBytesMin))
      this.#kept.copy(larger, 0, 0, this.#keptBytes)
      chunk.copy(larger, this.#keptBytes)
      this.#kept = larger
    } else {
      chunk.copy(this.#kept, this.#keptBytes)
    }
    this.#keptBytes = bytes
  }

  #hold(): void {
    if (this.#isHeld || this.#complete) return
    this.#isHeld = true
    this.#flow.pause()
  }

  #release(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#flow.resume()
  }
}

const empty = Buffer.alloc(0)

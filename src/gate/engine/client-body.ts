import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { BodySource } from './body-source.ts'

/**
 * The body of a client's request, apart from its connection: an upstream that breaks off destroys the stream it was given,
 * and the client must still get its answer.
 */
export class ClientBody implements BodySource {
  readonly #request: IncomingMessage
  readonly #exists: boolean
  #bytesTaken = 0
  /** What was gathered and not given away, in one piece: many small ones would take far more memory than their bytes. */
  #gathered: Buffer = empty
  #gatheredBytes = 0
  #gathering: { readonly onData: (chunk: Buffer) => void; readonly onEnd: () => void } | null = null
  #stream: Readable | null = null

  constructor(request: IncomingMessage, exists: boolean) {
    this.#request = request
    this.#exists = exists
  }

  /** Nothing more is to come. */
  get complete(): boolean {
    return !this.#exists || this.#request.complete
  }

  /** Bytes that have arrived. */
  get bytesRead(): number {
    return this.#exists ? this.#bytesTaken + this.#request.readableLength : 0
  }

  /** More is to come, and it is not us who hold it back. */
  get awaited(): boolean {
    return !this.complete && !this.#request.isPaused()
  }

  /** The whole of it when all has arrived, which is usual for a small one: far cheaper to send than a stream. */
  takeWhole(): Buffer {
    // Without an encoding set, read() gives a Buffer or null.
    const whole = (this.#request.read() as Buffer | null) ?? empty
    this.#bytesTaken += whole.length
    if (this.#gatheredBytes === 0) return whole
    if (whole.length > 0) this.#keep(whole)
    return this.#takeGathered()
  }

  /**
   * Keeps what arrives until it is the whole body or more than `bytesMax`, then holds the client back and calls `onReady`
   * once, with false where more is to come. Never calls it within this call.
   */
  gather(bytesMax: number, onReady: (isWhole: boolean) => void): void {
    const request = this.#request
    const onData = (chunk: Buffer): void => {
      this.#bytesTaken += chunk.length
      this.#keep(chunk)
      if (this.#bytesTaken <= bytesMax) return
      this.#stopGathering()
      request.pause() // what has arrived stays where it is, also when it is the end
      onReady(false)
    }
    const onEnd = (): void => {
      this.#stopGathering()
      onReady(true)
    }
    this.#gathering = { onData, onEnd }
    request.on('data', onData).on('end', onEnd)
    if (request.isPaused()) request.resume()
  }

  #keep(chunk: Buffer): void {
    const bytes = this.#gatheredBytes + chunk.length
    if (bytes > this.#gathered.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#gathered.length, gatheredBytesMin))
      this.#gathered.copy(larger, 0, 0, this.#gatheredBytes)
      this.#gathered = larger
    }
    chunk.copy(this.#gathered, this.#gatheredBytes)
    this.#gatheredBytes = bytes
  }

  #takeGathered(): Buffer {
    const gathered = this.#gathered.subarray(0, this.#gatheredBytes)
    this.#gathered = empty
    this.#gatheredBytes = 0
    return gathered
  }

  #stopGathering(): void {
    if (this.#gathering === null) return
    this.#request.off('data', this.#gathering.onData).off('end', this.#gathering.onEnd)
    this.#gathering = null
    if (!this.#request.complete) this.#request.pause()
  }

  /**
   * The body as a stream with back-pressure. `onChunk` sees each chunk before it goes on, first of all what was gathered, and
   * has it until it returns; false keeps it back. `onEnd` is called when the last one has come.
   */
  open(onChunk: (bytesSoFar: number, chunk: Uint8Array) => boolean, onEnd: () => void): Readable {
    const request = this.#request
    const onData = (chunk: Buffer): void => {
      this.#bytesTaken += chunk.length
      if (onChunk(this.#bytesTaken, chunk) && !stream.push(chunk)) request.pause()
    }
    const onLast = (): void => {
      stream.push(null)
      onEnd()
    }
    const stream = new Readable({
      read: () => {
        request.resume()
      },
      destroy: (_error, done) => {
        request.off('data', onData).off('end', onLast)
        if (!request.complete) request.pause()
        done(null) // whoever destroyed it knows why
      },
    })
    if (this.#gatheredBytes > 0) {
      const gathered = this.#takeGathered()
      if (onChunk(this.#bytesTaken, gathered)) stream.push(gathered)
    }
    request.on('data', onData).on('end', onLast)
    this.#stream = stream
    return stream
  }

  /** Takes no more of it, and forgets what was kept. */
  release(): void {
    this.#stopGathering()
    this.#takeGathered()
    this.#stream?.destroy()
  }

  /** Reads the rest and forgets it, so that the connection can go on to its end. */
  discard(): void {
    this.release()
    if (this.#exists) this.#request.resume()
  }
}

const empty = Buffer.alloc(0)
const gatheredBytesMin = 4_096

import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/**
 * The body of a client's request, apart from its connection: an upstream that breaks off destroys the stream it was given,
 * and the client must still get its answer.
 */
export class ClientBody {
  readonly #request: IncomingMessage
  readonly #exists: boolean
  #bytesTaken = 0
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
    return whole
  }

  /** The body as a stream with back-pressure. `onChunk` sees each chunk before it goes on; false keeps it back. */
  open(onChunk: (bytesSoFar: number) => boolean): Readable {
    const request = this.#request
    const onData = (chunk: Buffer): void => {
      this.#bytesTaken += chunk.length
      if (onChunk(this.#bytesTaken) && !stream.push(chunk)) request.pause()
    }
    const onEnd = (): void => {
      stream.push(null)
    }
    const stream = new Readable({
      read: () => {
        request.resume()
      },
      destroy: (_error, done) => {
        request.off('data', onData).off('end', onEnd)
        if (!request.complete) request.pause()
        done(null) // whoever destroyed it knows why
      },
    })
    request.on('data', onData).on('end', onEnd)
    this.#stream = stream
    return stream
  }

  /** Reads the rest and forgets it, so that the connection can go on to its end. */
  discard(): void {
    this.#stream?.destroy()
    if (this.#exists) this.#request.resume()
  }
}

const empty = Buffer.alloc(0)

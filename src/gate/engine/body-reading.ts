import type { Readable } from 'node:stream'
import type { BodySource } from './body-source.ts'
import type { BodyRead, ForwardFailure } from './exchange.ts'

/** The reading of a client's body before it is sent on: once at most, and `source` is what is then sent. */
export class BodyReading {
  /** What an upstream gets: the bytes that were read, or the body as it still comes. */
  source: BodySource
  readonly #body: BodySource
  #settle: ((read: BodyRead) => void) | null = null

  constructor(body: BodySource) {
    this.#body = body
    this.source = body
  }

  /** Settles once, never rejects. Bytes of a larger body stay where they are, and are sent first. */
  read(bytesMax: number): Promise<BodyRead> {
    const { promise, resolve } = Promise.withResolvers<BodyRead>()
    this.#settle = resolve
    this.#body.gather(bytesMax, (isWhole) => {
      if (this.#settle === null) return
      this.#settle = null
      if (!isWhole || this.#body.bytesRead > bytesMax) return resolve({ kind: 'larger' })
      const bytes = this.#body.takeWhole()
      this.source = new WholeBody(bytes)
      resolve({ kind: 'whole', bytes })
    })
    return promise
  }

  /** The rest will not come, or the client is gone. */
  fail(failure: ForwardFailure): void {
    const settle = this.#settle
    this.#settle = null
    if (settle === null) return
    this.#body.release()
    settle(failure)
  }
}

/** A body that is here. */
class WholeBody implements BodySource {
  readonly complete = true
  readonly awaited = false
  readonly bytesRead: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.bytesRead = bytes.length
  }

  takeWhole(): Buffer {
    return this.#bytes
  }

  gather(_bytesMax: number, onReady: (isWhole: boolean) => void): void {
    queueMicrotask(() => onReady(true))
  }

  /** Never asked for: a body that is complete is taken whole. */
  open(): Readable {
    throw new Error('A body that is whole is not streamed')
  }

  release(): void {} // its bytes may be sent again

  discard(): void {} // nothing is to come
}

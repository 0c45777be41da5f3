import type { Readable } from 'node:stream'

/**
 * The body of a client's request, apart from its connection: an upstream that breaks off destroys the stream it was given, and
 * the client must still get its answer.
 */
export interface BodySource {
  /** Nothing more is to come. */
  readonly complete: boolean
  /** Bytes that have arrived. */
  readonly bytesRead: number
  /** More is to come, and it is not us who hold it back. */
  readonly awaited: boolean
  /** The whole of it when all has arrived, which is usual for a small one: far cheaper to send than a stream. */
  takeWhole(): Buffer
  /**
   * Keeps what arrives until it is the whole body or more than `bytesMax`, then holds the client back and calls `onReady`
   * once, with false where more is to come. Never calls it within this call.
   */
  gather(bytesMax: number, onReady: (isWhole: boolean) => void): void
  /**
   * The body as a stream with back-pressure. `onChunk` sees each chunk before it goes on, first of all what was gathered, and
   * has it until it returns; false keeps it back. `onEnd` is called when the last one has come.
   */
  open(onChunk: (bytesSoFar: number, chunk: Uint8Array) => boolean, onEnd: () => void): Readable
  /** Takes no more of it, and forgets what was kept. */
  release(): void
  /** Reads the rest and forgets it, so that the connection can go on to its end. */
  discard(): void
}

import type { Readable } from 'node:stream'
import type { ForwardFailure } from './exchange.ts'
import type { ResponseHead } from './response-head.ts'

/** A request as it goes out. */
export interface ClientRequest {
  readonly method: string
  /** Base path, path and query. */
  readonly path: string
  /** Name and value in turn. */
  readonly headers: readonly string[]
  /** Null for none. A stream has the length that `content-length` says, or is sent in chunks. */
  readonly body: Buffer | Readable | null
}

/** Whoever waits for the answer. */
export interface ClientUser {
  /** The request is about to be written to a connection. Throws where it is not wanted any more: then `onFailed` follows. */
  onConnect(abort: (error?: Error) => void): void
  /** The head of the answer; interim ones are no answers. False stops the reading until `resume`. */
  onHead(status: number, head: ResponseHead, resume: () => void): boolean
  /** A part of the body; false stops the reading. */
  onData(chunk: Buffer): boolean
  /** The answer is whole. */
  onComplete(): void
  /** There is or will be no whole answer. Called once at most, and not behind `onComplete`. */
  onFailed(failure: ForwardFailure): void
}

/** Connections to one upstream. */
export interface UpstreamClient {
  /** Sends a request on a free connection, or opens one; how many there are, the pool sees to. */
  send(request: ClientRequest, user: ClientUser): void
  /** Closes what is idle, and the others behind their answers. */
  close(): void
  /** Ends all connections; whoever uses or awaits one is told. */
  destroy(): Promise<void>
}

import { type Dispatcher, Pool } from 'undici'
import type { Upstream } from '../../core/mod.ts'
import { readResponseHead } from './response-head.ts'
import type { ClientRequest, ClientUser, UpstreamClient } from './upstream-client.ts'
import { type ConnectorDeps, openConnector } from './upstream-connector.ts'
import { upstreamFailure } from './upstream-failure.ts'

/** Largest head of an upstream's answer. */
const responseHeadBytesMax = 65_536

/**
 * Not in undici's types. Without it undici would take the name that a certificate must hold from the caller's `Host`, and a new
 * connection whenever that changes; which name it is, the connector alone decides.
 */
const servername = 'upstream'

/** The client of the reference engine: undici's pool. */
export function openUndiciClient(origin: string, upstream: Upstream, deps: ConnectorDeps): UpstreamClient {
  const pool = new Pool(origin, {
    connections: upstream.connectionsMax,
    pipelining: 1,
    allowH2: false,
    // Below the 5 s after which Node's own servers, and many others, close an idle connection.
    keepAliveTimeout: 4_000,
    connect: openConnector(upstream, deps),
    // The exchange keeps its deadlines itself: one sweep for all instead of a timer for each.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: responseHeadBytesMax,
  })
  return {
    send: ({ method, path, headers, body }: ClientRequest, user: ClientUser) => {
      const options = { method, path, headers: headers as string[], body, servername }
      pool.dispatch(options, new UndiciUser(user))
    },
    close: () => {
      pool.close().catch(() => undefined) // it was destroyed meanwhile, or closes already
    },
    destroy: () => pool.destroy(),
  }
}

/**
 * The handler that undici drives, in undici's older form: that one hands over the fields as they came, without a map of them
 * being built first.
 */
class UndiciUser implements Dispatcher.DispatchHandler {
  readonly #user: ClientUser

  constructor(user: ClientUser) {
    this.#user = user
  }

  /** The request is about to be written to a connection. */
  onConnect(abort: (error?: Error) => void): void {
    // Thrown, because abort() would close a connection that nothing was written to.
    this.#user.onConnect(abort)
  }

  /** A head has arrived; interim ones are no answers. */
  onHeaders(status: number, raw: Buffer[], resume: () => void): boolean {
    return status < 200 || this.#user.onHead(status, readResponseHead(raw), resume)
  }

  /** A part of the body; false stops the reading. */
  onData(chunk: Buffer): boolean {
    return this.#user.onData(chunk)
  }

  /** The answer is whole. Trailers end here. */
  onComplete(): void {
    this.#user.onComplete()
  }

  /** There is or will be no whole answer; also the echo of an abort of ours. */
  onError(error: Error): void {
    this.#user.onFailed(upstreamFailure(error))
  }
}

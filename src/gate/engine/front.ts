import type { Server, Socket } from 'node:net'
import type { Server as SecureServer } from 'node:tls'
import type { ConnectionLimits } from '../../core/mod.ts'
import type { TlsSecrets } from './tls-secrets.ts'

/** Which parser reads what clients send, and which client calls upstreams. */
export type EngineKind =
  /** Our own, on sockets: refuses whatever could be read in two ways, and costs least. */
  | 'strict'
  /** `node:http` and undici behind the same gate: the reference that the other is held against. */
  | 'node'

/** The side of an engine that clients see. */
export interface Front {
  /** Connections open now. */
  readonly count: number
  /** A server that does not listen yet. */
  openServer(): Server
  openSecureServer(secrets: TlsSecrets): SecureServer
  /** Takes over new limits, for new connections. */
  applyLimits(server: Server, limits: ConnectionLimits): void
  /** Closes the connections on which no request is in progress. */
  closeIdle(): void
  /** Closes the connections on which nothing was ever sent. */
  endSilent(): void
  /** Closes all of them; resolves when their exchanges know. */
  end(): Promise<void>
}

/** Connections over the limit that may stay until they have been told so. */
export const refusableConnectionsMax = 64

/** Closes all of them; resolves when each has told so, and whoever listened before knows. */
export async function destroyAll(sockets: readonly Socket[]): Promise<void> {
  const closing = sockets.map((socket) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    socket.once('close', () => resolve()) // an error before it is of no concern
    socket.destroy()
    return promise
  })
  await Promise.all(closing)
}

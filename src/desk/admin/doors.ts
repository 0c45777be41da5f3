import { lstatSync, unlinkSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import { GatehouseError, hasCode, messageOf } from '../../core/mod.ts'
import { connectionsMax, shedIdle } from './connections.ts'
import { type DoorTls, followDoorTls, readDoorSecrets } from './door-tls.ts'

/** One listening door of the admin API. */
export interface OpenDoor extends AsyncDisposable {
  /** 0 for the socket. */
  readonly port: number
}

/** Addresses at which only this machine is reached. */
const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

const serverLimits = {
  /** For a whole request to arrive. */
  requestTimeout: 10_000,
  headersTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16 * 1024,
} as const
/** How long requests in work may take to end when a door closes. */
const closeMs = 1_000

/** Where and how the door for the network opens. */
export interface TcpDoorOptions {
  readonly listen: { readonly host: string; readonly port: number }
  /** Null for plain HTTP, which is spoken on loopback only. */
  readonly tls: DoorTls | null
  /** Told of a new certificate that cannot be used. */
  readonly onFault: (error: unknown) => void
}

/** Listens; `port_taken` when another does. Port 0 takes a free one. Beyond loopback it speaks HTTPS or not at all. */
export async function openTcpDoor(
  { listen: { host, port }, tls, onFault }: TcpDoorOptions,
  listener: RequestListener,
): Promise<OpenDoor> {
  if (tls === null && !loopbackHosts.has(host)) {
    throw new GatehouseError(
      'invalid_argument',
      `Cannot listen on '${host}' without TLS: configure admin.tls with cert and key, or listen on 127.0.0.1`,
    )
  }
  const secured = tls === null ? null : createTlsServer({ ...serverLimits, ...readDoorSecrets(tls) }, listener)
  const server = secured ?? createServer(serverLimits, listener)
  shedIdle(server)
  await listening(server, `${host}:${port}`, () => server.listen({ host, port, exclusive: true }))
  const following = secured === null || tls === null ? null : followDoorTls(secured, tls, onFault)
  const address = server.address()
  const door = doorOf(server, typeof address === 'object' && address !== null ? address.port : 0)
  return {
    port: door.port,
    [Symbol.asyncDispose]: async () => {
      following?.[Symbol.dispose]()
      await door[Symbol.asyncDispose]()
    },
  }
}

/**
 * Listens on a socket in the data folder (0600): whoever may open it may do everything. A socket that a dead process left
 * is removed; one at which somebody answers is not ours to take.
 */
export async function openSocketDoor(path: string, listener: RequestListener): Promise<OpenDoor> {
  await removeStale(path)
  const server = createServer(serverLimits, listener)
  server.maxConnections = connectionsMax
  await listening(server, path, () => {
    // Bound in this very turn: the socket is private from its first moment.
    const before = process.umask(0o177)
    try {
      server.listen({ path })
    } finally {
      process.umask(before)
    }
  })
  return doorOf(server, 0)
}

function listening(server: Server, where: string, listen: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('listening', resolve)
  server.once('error', (cause) => {
    const code = hasCode(cause, 'EADDRINUSE') ? 'port_taken' : 'unreachable'
    reject(new GatehouseError(code, `Cannot listen on ${where} for the admin API: ${cause.message}`, { cause }))
  })
  listen()
  return promise
}

function doorOf(server: Server, port: number): OpenDoor {
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      const timer = setTimeout(() => server.closeAllConnections(), closeMs)
      await promise
      clearTimeout(timer)
    },
  }
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) throw new GatehouseError('conflict', `Cannot listen on ${path}: it exists and is no socket`)
  if (await answers(path)) throw new GatehouseError('conflict', `Cannot listen on ${path}: another desk answers there`)
  try {
    unlinkSync(path)
  } catch (cause) {
    throw new GatehouseError('data_folder_unusable', `Cannot remove the stale socket ${path}: ${messageOf(cause)}`, {
      cause,
    })
  }
}

/** Connecting to a local socket succeeds or fails at once. */
function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

import { lstatSync, unlinkSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect } from 'node:net'
import { GatehouseError, hasCode, messageOf } from '../../core/mod.ts'

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
const connectionsMax = 256
/** How long requests in work may take to end when a door closes. */
const closeMs = 1_000

/** Listens on loopback; `port_taken` when another does. Port 0 takes a free one. */
export async function openTcpDoor(
  listen: { host: string; port: number },
  listener: RequestListener,
): Promise<OpenDoor> {
  const { host, port } = listen
  if (!loopbackHosts.has(host)) {
    throw new GatehouseError(
      'invalid_argument',
      `Cannot listen on '${host}': the admin API is served on loopback only in this version`,
    )
  }
  const server = serverOf(listener)
  await listening(server, `${host}:${port}`, () => server.listen({ host, port, exclusive: true }))
  const address = server.address()
  return doorOf(server, typeof address === 'object' && address !== null ? address.port : 0)
}

/**
 * Listens on a socket in the data folder (0600): whoever may open it may do everything. A socket that a dead process left
 * is removed; one at which somebody answers is not ours to take.
 */
export async function openSocketDoor(path: string, listener: RequestListener): Promise<OpenDoor> {
  await removeStale(path)
  const server = serverOf(listener)
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

function serverOf(listener: RequestListener): Server {
  const server = createServer(serverLimits, listener)
  server.maxConnections = connectionsMax
  return server
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

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Connections that may stand idle together. */
const idleMax = 192
/** Connections at all: what is in work has room that idle ones cannot take. */
export const connectionsMax = 512

/** A connection on which no request has arrived whole is idle, also one in the midst of its TLS handshake. */
interface Standing {
  readonly socket: Socket
  working: number
}

/**
 * Keeps connections that say nothing from taking the place of those that do: of more than 192 idle ones the one that has been idle
 * the longest is closed. So somebody who opens connections and leaves them, or sends half a request, does not keep a supervisor
 * from hearing that the desk lives.
 */
export function shedIdle(server: Server): void {
  // By the peer's address and port, which a connection and the TLS on it have in common.
  const open = new Map<string, Standing>()
  // In the order in which they fell idle.
  const idle = new Set<Standing>()
  const fallIdle = (one: Standing): void => {
    if (one.socket.destroyed) return
    idle.add(one)
    if (idle.size <= idleMax) return
    const [oldest] = idle
    if (oldest === undefined) return
    idle.delete(oldest)
    oldest.socket.destroy()
  }
  server.maxConnections = connectionsMax
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    const one: Standing = { socket, working: 0 }
    open.set(peer, one)
    fallIdle(one)
    socket.once('close', () => {
      idle.delete(one)
      if (open.get(peer) === one) open.delete(peer)
    })
  })
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const one = open.get(peerOf(socket))
    if (one === undefined) return
    one.working++
    idle.delete(one)
    response.once('close', () => {
      if (--one.working === 0) fallIdle(one)
    })
  })
}

function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

import type { Socket } from 'node:net'

/**
 * Notices a client that takes none of what waits for it. The socket's own time-out knows whether the kernel has taken bytes of
 * a large write meanwhile. It runs only while there is something to take, so that a slow upstream is never blamed on the client.
 */
export class ClientStall {
  #isTimed = false

  /** Called now and then while an answer goes out. */
  check(socket: Socket, clientIdleMs: number): void {
    const isWaiting = socket.writableLength > 0
    if (isWaiting === this.#isTimed) return
    this.#isTimed = isWaiting
    socket.setTimeout(isWaiting ? clientIdleMs : 0)
  }

  /** The time-out of the socket is running for this answer. */
  get isTimed(): boolean {
    return this.#isTimed
  }
}

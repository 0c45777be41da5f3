import { connect, type Socket } from 'node:net'

/** What one raw exchange gave. */
export interface RawAnswer {
  /** Whether a single byte came back. */
  readonly gotByte: boolean
  readonly status: number
  readonly requestId: string | null
  readonly text: string
}

export interface RawOptions {
  /** Close our side after so many bytes of the answer. */
  readonly leaveAfterBytes?: number
  /** Close our side after so long. */
  readonly leaveAfterMs?: number
  /** Send the request byte by byte with this pause. */
  readonly pauseMs?: number
  /** Give up after this; what has come so far counts. */
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

/** Sends bytes on a connection of its own and gathers what comes back until the connection ends. Never rejects. */
export function sendRaw(port: number, bytes: string | Buffer, options: RawOptions = {}): Promise<RawAnswer> {
  const { promise, resolve } = Promise.withResolvers<RawAnswer>()
  const chunks: Buffer[] = []
  let received = 0
  const socket = connect({ port, host: '127.0.0.1' })
  const timers: NodeJS.Timeout[] = []
  const end = (): void => {
    for (const timer of timers) clearTimeout(timer)
    socket.destroy()
    resolve(parse(Buffer.concat(chunks)))
  }
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    received += chunk.length
    if (options.leaveAfterBytes !== undefined && received >= options.leaveAfterBytes) end()
  })
  socket.on('error', end)
  socket.on('close', end)
  socket.on('connect', () => {
    if (options.pauseMs === undefined) socket.write(bytes)
    else drip(socket, Buffer.from(bytes), options.pauseMs, timers)
  })
  if (options.leaveAfterMs !== undefined) timers.push(setTimeout(end, options.leaveAfterMs))
  timers.push(setTimeout(end, options.waitMs ?? 10_000))
  options.signal?.addEventListener('abort', end, { once: true })
  return promise
}

function drip(socket: Socket, bytes: Buffer, pauseMs: number, timers: NodeJS.Timeout[]): void {
  let at = 0
  const timer = setInterval(() => {
    if (at >= bytes.length || socket.destroyed) return clearInterval(timer)
    socket.write(bytes.subarray(at, ++at))
  }, pauseMs)
  timers.push(timer)
}

function parse(bytes: Buffer): RawAnswer {
  const text = bytes.toString('latin1')
  return {
    gotByte: bytes.length > 0,
    status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0),
    requestId: /\r\nx-request-id: ([0-9a-f]{32})\r\n/i.exec(text)?.[1] ?? null,
    text,
  }
}

import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { buildConnector } from 'undici'
import type { Upstream } from '../../../core/mod.ts'
import type { ForwardFailure } from '../exchange.ts'
import { upstreamFailure } from '../upstream-failure.ts'
import type { ClientRequest, ClientUser, UpstreamClient } from '../upstream-client.ts'
import { type ConnectorDeps, openConnector } from '../upstream-connector.ts'
import { ResponseReader } from './response-reader.ts'

/** Below the 5 s after which Node's own servers, and many others, close an idle connection. */
const idleMsMax = 4_000
const idleLookMs = 1_000

/** A small body goes out with its head in one write. */
const joinedBytesMax = 12_288

/** The client of the strict engine. */
export function openSocketClient(origin: string, upstream: Upstream, deps: ConnectorDeps): UpstreamClient {
  return new SocketClient(origin, upstream, deps)
}

/** Connections of our own to one upstream: HTTP/1.1, one request at a time on each, the one that was used last first. */
class SocketClient implements UpstreamClient {
  readonly #connect: buildConnector.connector
  readonly #address: buildConnector.Options
  readonly #nowMs: () => number
  readonly #idle: SocketConnection[] = []
  readonly #open = new Set<SocketConnection>()
  #connecting = 0
  #closing = false
  #look: NodeJS.Timeout | null = null
  #whenGone: (() => void) | null = null

  constructor(origin: string, upstream: Upstream, deps: ConnectorDeps) {
    const { protocol, hostname, port, host } = new URL(origin)
    this.#connect = openConnector(upstream, deps)
    this.#address = {
      protocol,
      hostname: hostname.replaceAll(/[[\]]/g, ''),
      port: port === '' ? portOf(protocol) : port,
      host,
    }
    this.#nowMs = deps.nowMs
  }

  send(request: ClientRequest, user: ClientUser): void {
    for (let free = this.#idle.pop(); free !== undefined; free = this.#idle.pop()) {
      if (!free.usable || this.#nowMs() - free.idleSinceMs > idleMsMax) free.destroy()
      else return free.send(request, user)
    }
    this.#connecting++
    this.#connect(this.#address, (...[error, socket]: buildConnector.CallbackArgs) => {
      this.#connecting--
      if (error !== null) {
        user.onFailed(upstreamFailure(error))
        this.#told()
        return
      }
      const connection = new SocketConnection(socket, this)
      this.#open.add(connection)
      connection.send(request, user)
    })
  }

  /** It can take another request. */
  free(connection: SocketConnection): void {
    if (this.#closing) return connection.destroy()
    connection.idleSinceMs = this.#nowMs()
    this.#idle.push(connection)
    this.#look ??= setInterval(() => this.#closeIdle(), idleLookMs).unref()
  }

  /** It is closed. */
  gone(connection: SocketConnection): void {
    this.#open.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
    this.#told()
  }

  close(): void {
    this.#closing = true
    for (const connection of this.#idle.slice()) connection.destroy()
    this.#stopLooking()
  }

  async destroy(): Promise<void> {
    this.close()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#whenGone = resolve
    for (const connection of this.#open) connection.destroy()
    this.#told()
    await promise
  }

  /** Each leaves the list here and not at its end, which comes later than this look. */
  #closeIdle(): void {
    const nowMs = this.#nowMs()
    const isFresh = ({ idleSinceMs }: SocketConnection): boolean => nowMs - idleSinceMs <= idleMsMax
    const firstFresh = this.#idle.findIndex(isFresh) // the oldest are first
    for (const stale of this.#idle.splice(0, firstFresh === -1 ? this.#idle.length : firstFresh)) stale.destroy()
    if (this.#idle.length === 0) this.#stopLooking()
  }

  #stopLooking(): void {
    if (this.#look !== null) clearInterval(this.#look)
    this.#look = null
  }

  #told(): void {
    if (this.#open.size === 0 && this.#connecting === 0) this.#whenGone?.()
  }
}

function portOf(protocol: string): string {
  return protocol === 'https:' ? '443' : '80'
}

/** One connection to an upstream. */
class SocketConnection {
  idleSinceMs = 0
  readonly #socket: Socket
  readonly #client: SocketClient
  readonly #reader = new ResponseReader()
  #user: ClientUser | null = null
  /** The client's body while it is being sent. */
  #sending: Readable | null = null
  #isLost = false

  constructor(socket: Socket, client: SocketClient) {
    this.#socket = socket
    this.#client = client
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => this.#ended())
    socket.on('error', (error) => this.#fail(upstreamFailure(error)))
    socket.once('close', () => {
      this.#fail(closedFailure)
      client.gone(this)
    })
  }

  /** Nobody uses it and it is whole. */
  get usable(): boolean {
    return this.#user === null && !this.#isLost && this.#socket.writable
  }

  send(request: ClientRequest, user: ClientUser): void {
    this.#user = user
    try {
      user.onConnect((error) => this.#abort(error))
    } catch (error) {
      this.#user = null
      user.onFailed(upstreamFailure(error))
      this.#client.free(this)
      return
    }
    this.#reader.expect(request.method === 'HEAD')
    this.#write(request)
  }

  destroy(): void {
    this.#isLost = true
    this.#socket.destroy()
  }

  #write({ method, path, headers, body }: ClientRequest): void {
    const socket = this.#socket
    let head = `${method} ${path} HTTP/1.1\r\n`
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
    if (body === null) {
      if (method.startsWith('P') && lengthIn(headers) === null) head += emptyBody
      socket.write(`${head}\r\n`, 'latin1')
    } else if (!Buffer.isBuffer(body)) {
      this.#stream(head, body, headers)
    } else if (body.length <= joinedBytesMax) {
      socket.write(`${withLength(head, headers, body.length)}\r\n${body.toString('latin1')}`, 'latin1')
    } else {
      socket.cork()
      socket.write(`${withLength(head, headers, body.length)}\r\n`, 'latin1')
      socket.write(body)
      socket.uncork()
    }
  }

  /** As fast as the upstream takes it. */
  #stream(head: string, body: Readable, headers: readonly string[]): void {
    const socket = this.#socket
    const isChunked = lengthIn(headers) === null
    this.#sending = body
    socket.write(`${head}${isChunked ? 'transfer-encoding: chunked\r\n' : ''}\r\n`, 'latin1')
    const onDrain = (): void => void body.resume()
    socket.on('drain', onDrain)
    body.once('close', () => socket.off('drain', onDrain))
    body.on('data', (chunk: Buffer) => {
      if (this.#sending !== body) return
      if (!writePart(socket, chunk, isChunked)) body.pause()
    })
    body.once('end', () => {
      if (this.#sending !== body) return
      this.#sending = null
      if (isChunked) socket.write('0\r\n\r\n', 'latin1')
      if (this.#user === null) this.destroy() // its answer came before its end
    })
  }

  #read(chunk: Buffer): void {
    const user = this.#user
    if (user === null) return this.destroy() // bytes that nobody asked for
    const defect = this.#reader.feed(chunk, {
      onHead: (status, head) => {
        if (!user.onHead(status, head, () => void this.#socket.resume())) this.#socket.pause()
      },
      onBytes: (bytes) => {
        if (this.#user === user && !user.onData(bytes)) this.#socket.pause()
      },
    })
    if (defect !== null) return this.#fail({ kind: 'failure', reason: 'upstream_invalid', note: `strict: ${defect}` })
    if (this.#reader.done) this.#complete()
  }

  #complete(): void {
    const user = this.#user
    if (user === null) return
    this.#user = null
    const isIdle = this.#reader.keeps && this.#sending === null && this.#socket.writable && !this.#isLost
    this.#socket.resume()
    this.#dropBody()
    // It is free before anybody is told, who may want it at once.
    if (isIdle) this.#client.free(this)
    else this.destroy()
    user.onComplete()
  }

  #ended(): void {
    if (this.#reader.end()) this.#complete()
    else this.#fail(closedFailure)
    this.destroy()
  }

  #abort(error: Error | undefined): void {
    if (this.#user === null) return
    this.#fail(upstreamFailure(error ?? new Error('aborted')))
  }

  #fail(failure: ForwardFailure): void {
    const user = this.#user
    this.#user = null
    this.destroy()
    this.#dropBody()
    user?.onFailed(failure)
  }

  #dropBody(): void {
    const body = this.#sending
    this.#sending = null
    body?.destroy()
  }
}

/** POST, PUT and PATCH say that they have no body (RFC 9110 section 8.6). */
const emptyBody = 'content-length: 0\r\n'

const closedFailure: ForwardFailure = {
  kind: 'failure',
  reason: 'upstream_reset',
  note: 'the upstream closed the connection before its answer was whole',
}

function lengthIn(headers: readonly string[]): string | null {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === 'content-length') return headers[i + 1] ?? ''
  return null
}

/** A body that came in chunks and was gathered has a length now. */
function withLength(head: string, headers: readonly string[], bytes: number): string {
  return lengthIn(headers) === null ? `${head}content-length: ${bytes}\r\n` : head
}

/** False: hold back. */
function writePart(socket: Socket, chunk: Buffer, isChunked: boolean): boolean {
  if (!isChunked) return socket.write(chunk)
  socket.cork()
  socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
  socket.write(chunk)
  const takes = socket.write('\r\n', 'latin1')
  socket.uncork()
  return takes
}

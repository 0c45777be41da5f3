import type { Socket } from 'node:net'
import { type ConnectionTls, type Peer, refusal, type Refusal } from '../../../core/mod.ts'
import { type Arrival, describeRemains, tooMany } from '../arrivals.ts'
import { plainAddress } from '../client-address.ts'
import type { EngineCore } from '../engine-core.ts'
import { RefusedExchange } from '../exchange-refused.ts'
import { remainsOf } from '../parse-failure.ts'
import type { RequestHead } from '../strict-gate.ts'
import type { Swept } from '../sweep.ts'
import { ChunkedBody } from './chunked-body.ts'
import { headBytesMax, partialDefect, readHead } from './read-head.ts'
import { SocketExchange } from './socket-exchange.ts'

/** Kept of what a client sends ahead of its turn; then it is held back. */
const aheadBytesMax = 65_536
/** Requests behind the last one of a connection that are recorded; whoever sends on has not read a word. */
const excessMax = 64
/** How long a client may take to close behind its last answer. */
const lingerMs = 1_000

/**
 * One connection of a client: reads requests from it one after the other, each when the one before has been answered, and holds
 * the client to its deadlines.
 */
export class SocketConnection implements Swept {
  readonly socket: Socket
  readonly core: EngineCore
  /** The client where no hop before it is believed. */
  readonly peer: Peer
  readonly tls: ConnectionTls | null
  /** Set when the connection was over a limit from its beginning: its first request is its last. */
  readonly refused: Refusal | null
  sweepPlace = -1
  isLost = false
  readonly #tcp: Socket
  #requests = 0
  #excess = 0
  #active: SocketExchange | null = null
  #refusedExchange: RefusedExchange | null = null
  /** The request whose body is coming in. */
  #receiving: SocketExchange | null = null
  #bodyLeft = 0
  #chunked: ChunkedBody | null = null
  /** Bytes of a head that is not here whole, or of requests ahead of their turn. */
  #held: Buffer | null = null
  /** How far `#held` was searched for the end of a head. */
  #searched = 0
  #isPaused = false
  #reading = false
  /** No further request is served. */
  #isClosing = false
  /** It closes because it has had its share of requests: those that follow are still requests. */
  #isOverrun = false
  /** What was read and never served is to be recorded. */
  #tellsUnread = false
  /** Since when it waits for what it waits for. */
  #sinceMs: number
  #requestSinceMs = 0
  #lingerByMs = Infinity

  constructor(core: EngineCore, { socket, refused, secure }: Arrival) {
    const address = plainAddress(socket.remoteAddress ?? '')
    this.core = core
    this.socket = socket
    this.tls = secure?.tls ?? null
    this.#tcp = secure?.tcp ?? socket
    this.peer = { address, port: socket.remotePort ?? 0, clientIp: address, trustedHop: null }
    this.refused = refused
    this.#sinceMs = core.clock.monotonicMs()
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => this.#left())
    socket.on('drain', () => this.#active?.drained())
    socket.on('timeout', () => this.#active?.stalled())
  }

  /** No request is in progress, and none has begun to come. */
  get idle(): boolean {
    return this.#active === null && this.#held === null && this.#refusedExchange === null
  }

  /** Nothing was ever sent on it. */
  get silent(): boolean {
    return this.idle && this.#requests === 0
  }

  /** What tells a client how long it may wait with its next request. */
  get keepAliveFields(): string {
    return keepAliveFieldsOf(this.core.limits.keepAliveMs)
  }

  pause(): void {
    this.#isPaused = true
    this.socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.socket.resume()
  }

  /** Breaks off, so that nobody takes what was sent for a whole. */
  reset(): void {
    this.#tcp.resetAndDestroy()
  }

  /** No further request is taken: somebody else writes the last answer and closes. */
  closing(): void {
    this.#isClosing = true
    this.#held = null
    this.#receiving = null
    if (this.#isPaused) this.resume()
  }

  /** The answer of this exchange is out. */
  ended(exchange: SocketExchange, closes: boolean): void {
    if (this.#active !== exchange) return
    this.#active = null
    this.#sinceMs = this.core.sweep.latestMs
    if (closes) {
      this.#isClosing = true
      this.#isOverrun = exchange.isLast
      this.#tellsUnread = !exchange.isLastByWish
      this.#lingerByMs = this.core.clock.monotonicMs() + lingerMs
      this.socket.end()
      this.#goOn()
      return
    }
    // Not within this call: a long line of requests would pile up as deep as it is long.
    if (this.#held !== null && !this.#reading) queueMicrotask(this.#goOn)
  }

  /** The connection is closed. */
  lost(): void {
    this.isLost = true
    this.#tellsUnread ||= !this.#isClosing
    this.#isClosing = true
    const active = this.#active
    this.#active = null
    this.#refusedExchange?.lost()
    active?.closed()
    this.#tellUnread()
  }

  check(nowMs: number): void {
    const { limits } = this.core
    if (nowMs >= this.#lingerByMs) return void this.socket.destroy()
    if (this.#isClosing) return
    if (this.#receiving !== null) {
      if (nowMs - this.#requestSinceMs >= Math.max(limits.requestMs, limits.headersMs)) this.#breakOff(slowBody)
      return
    }
    if (this.#active !== null || this.#refusedExchange !== null) return
    const silentMs = nowMs - this.#sinceMs
    if (this.#held !== null) {
      if (silentMs >= limits.headersMs) this.#refuse(slowHead, null)
    } else if (silentMs >= (this.#requests === 0 ? limits.headersMs : limits.keepAliveMs)) {
      this.socket.destroy()
    }
  }

  readonly #goOn = (): void => {
    const held = this.#held
    if (held === null || this.isLost) return
    if (this.#isClosing) return this.#tellUnread()
    if (this.#active !== null) return
    this.#held = null
    this.#searched = 0
    if (this.#isPaused) this.resume()
    this.#take(held)
  }

  #read(chunk: Buffer): void {
    if (this.#isClosing) {
      if (!this.#tellsUnread) return
      this.#hold(chunk)
      return this.#tellUnread()
    }
    if (this.#held === null) return this.#take(chunk)
    const bytes = Buffer.concat([this.#held, chunk])
    if (this.#active !== null) {
      this.#held = bytes
      if (bytes.length > aheadBytesMax) this.pause()
      return
    }
    this.#held = null
    this.#take(bytes)
  }

  /** Reads as far as it may: bodies to their end, heads while nobody is being served. */
  #take(bytes: Buffer): void {
    this.#reading = true
    let at = 0
    while (at !== -1 && at < bytes.length && !this.#isClosing) {
      if (this.#receiving !== null) at = this.#body(this.#receiving, bytes, at)
      else if (this.#active !== null) at = this.#keep(bytes, at)
      else at = this.#head(bytes, at)
    }
    this.#reading = false
    if (this.#isClosing && at !== -1 && at < bytes.length) {
      this.#keep(bytes, at)
      this.#tellUnread()
    }
  }

  /** For later. */
  #keep(bytes: Buffer, at: number): -1 {
    this.#hold(at === 0 ? bytes : bytes.subarray(at))
    return -1
  }

  #hold(rest: Buffer): void {
    const held = this.#held === null ? rest : Buffer.concat([this.#held, rest])
    if (this.#isClosing && held.length > aheadBytesMax) return
    this.#held = held
    if (this.#active !== null && held.length > aheadBytesMax) this.pause()
  }

  /** Where the head ends, and with it the part of its body that came along; -1: no more can be read now. */
  #head(bytes: Buffer, from: number): number {
    const { limits } = this.core
    // One empty line between requests is overlooked (RFC 9112 section 2.2).
    const at = bytes[from] === 13 && bytes[from + 1] === 10 ? from + 2 : from
    const endAt = bytes.indexOf(endOfHead, at + this.#searched)
    if (endAt === -1 || endAt - at > headBytesMax(limits)) return this.#partial(bytes, at)
    this.#searched = 0
    const head = readHead(bytes.toString('latin1', at, endAt + 2))
    if ('reason' in head) return this.#refuse(head, bytes.subarray(at))
    this.#begin(head, bytes, endAt + endOfHead.length)
    return this.#next
  }

  /** Where reading goes on behind a head. */
  #next = 0

  #begin(head: RequestHead, bytes: Buffer, bodyAt: number): void {
    this.#requests++
    if (head.method === 'CONNECT') {
      this.#next = this.#refuseTunnel(head)
      return
    }
    const isLast = this.#requests >= this.core.limits.requestsPerConnectionMax
    const exchange = new SocketExchange(this, head, isLast)
    this.#active = exchange
    this.#requestSinceMs = exchange.request.startedMs
    this.#next = bodyAt
    if (exchange.defect === null && !exchange.body.complete) {
      this.#receiving = exchange
      this.#bodyLeft = exchange.request.bodyBytes ?? 0
      this.#chunked = exchange.request.bodyBytes === null ? new ChunkedBody() : null
      if (bodyAt < bytes.length) this.#next = this.#body(exchange, bytes, bodyAt)
      // Behind a body that is here whole there may be nothing but another request: it could be a part of the body to others.
      if (this.#receiving === null && this.#next !== -1 && isGarbage(bytes, this.#next))
        exchange.breakOff(garbageBehind)
    }
    exchange.begin()
  }

  /** Where the part of the body in these bytes ends; -1: it is broken. */
  #body(exchange: SocketExchange, bytes: Buffer, at: number): number {
    const { body } = exchange
    let end: number | string
    if (this.#chunked === null) {
      end = Math.min(bytes.length, at + this.#bodyLeft)
      this.#bodyLeft -= end - at
      body.push(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
    } else {
      end = this.#chunked.feed(bytes, at, (part) => body.push(part))
    }
    if (typeof end === 'string') {
      this.#breakOff(refusal('malformed', 'The request is not valid HTTP', { note: `strict: ${end}` }))
      return -1
    }
    if (this.#chunked === null ? this.#bodyLeft === 0 : this.#chunked.done) {
      this.#receiving = null
      body.finish()
    }
    return end
  }

  #breakOff(why: Refusal): void {
    const exchange = this.#receiving
    this.#receiving = null
    this.#isClosing = true
    exchange?.breakOff(why)
  }

  #partial(bytes: Buffer, at: number): -1 {
    const { limits } = this.core
    const length = bytes.length - at
    const text = bytes.toString('latin1', at, Math.min(bytes.length, at + headBytesMax(limits) + 1))
    const defect = length === 0 || text === '\r' ? null : partialDefect(text, limits)
    if (defect !== null) return this.#refuse(defect, bytes.subarray(at))
    if (length > 0 && this.#searched === 0) this.#sinceMs = this.core.clock.monotonicMs()
    this.#searched = Math.max(0, length - endOfHead.length + 1)
    if (length > 0) this.#held = at === 0 ? bytes : bytes.subarray(at)
    return -1
  }

  /** `packet`: from its beginning on, null where it is not known. */
  #refuse(defect: Refusal, packet: Buffer | null): -1 {
    this.#isClosing = true
    this.#held = null
    const request = describeRemains(this.core, this, remainsOf(packet))
    const exchange = new RefusedExchange(this.core, this.socket, { request, defect: this.refused ?? defect })
    this.#refusedExchange = exchange
    if (this.isLost) exchange.lost()
    exchange.begin()
    return -1
  }

  #refuseTunnel({ url, httpVersion }: RequestHead): -1 {
    const defect = refusal('upgrade_refused', 'Tunnels are not opened', { note: `CONNECT ${url}` })
    this.#isClosing = true
    const request = describeRemains(this.core, this, { method: 'CONNECT', httpVersion, target: '', host: '' })
    this.#refusedExchange = new RefusedExchange(this.core, this.socket, { request, defect: this.refused ?? defect })
    this.#refusedExchange.begin()
    return -1
  }

  /** The client sends no more. */
  #left(): void {
    if (this.#isClosing && this.#active === null) return // it ends by itself when our side has
    const isFlushing = this.#active?.left() === true
    this.#tellsUnread ||= !this.#isClosing && this.#active !== null
    this.#isClosing = true
    if (isFlushing) this.socket.end()
    else if (this.#active === null && this.#held !== null) this.#leftWithinHead()
    else this.socket.destroy()
  }

  #leftWithinHead(): void {
    this.#refuse(brokenOff, null)
    this.socket.destroy()
  }

  /** Requests that will not be served: each is recorded, so far as there are not too many. */
  #tellUnread(): void {
    let bytes = this.#held
    this.#held = null
    if (!this.#tellsUnread) return
    while (bytes !== null && bytes.length > 0 && this.#excess < excessMax) {
      const end = bytes.indexOf(endOfHead)
      if (end === -1) break
      const head = readHead(bytes.toString('latin1', 0, end + 2))
      if ('reason' in head) return
      this.#excess++
      this.#tell(head)
      bytes = bytes.subarray(end + endOfHead.length)
    }
    if (this.#excess >= excessMax) return void this.socket.destroy()
    if (bytes === null || bytes.length === 0) return
    if (!this.isLost) this.#held = bytes
    else if (!this.#isOverrun) this.#tellPartial()
  }

  #tell({ method, url, httpVersion }: RequestHead): void {
    const remains = { method, httpVersion, target: url.startsWith('/') ? url : '', host: '' }
    const defect = this.#isOverrun
      ? tooMany(`request ${this.#requests + this.#excess} of a connection that closes`)
      : brokenOff
    new RefusedExchange(this.core, null, { request: describeRemains(this.core, this, remains), defect }).begin()
  }

  #tellPartial(): void {
    const request = describeRemains(this.core, this, remainsOf(null))
    new RefusedExchange(this.core, null, { request, defect: brokenOff }).begin()
  }
}

const endOfHead = Buffer.from('\r\n\r\n')

const slowHead = refusal('request_timeout', 'The request did not arrive in time', { note: 'silent within a head' })
const slowBody = refusal('request_timeout', 'The request did not arrive in time', { note: 'its body did not end' })
const brokenOff = refusal('client_abort', 'The client left within its request')
const garbageBehind = refusal('malformed', 'The body is longer than its declared length', {
  note: 'strict: bytes behind the body begin no request',
})

/** Bytes that can neither be the beginning of a request nor an empty line. */
function isGarbage(bytes: Buffer, at: number): boolean {
  const first = bytes[at]
  return first !== undefined && first !== 13 && !(first >= 65 && first <= 90)
}

let keepAliveFor = -1
let keepAliveText = ''

function keepAliveFieldsOf(keepAliveMs: number): string {
  if (keepAliveMs !== keepAliveFor) {
    keepAliveFor = keepAliveMs
    keepAliveText = `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n`
  }
  return keepAliveText
}

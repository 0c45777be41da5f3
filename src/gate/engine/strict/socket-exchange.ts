import { type ApiRequest, type Headers, type Reason, type Refusal } from '../../../core/mod.ts'
import { attend, type Attended, type EngineCore } from '../engine-core.ts'
import { BodyReading } from '../body-reading.ts'
import type { Answer, BodyRead, Delivery, ForwardFailure, ForwardPlan, StreamEnd, UpstreamReply } from '../exchange.ts'
import { isBodiless, lengthOf, sendLastAnswer } from '../last-answer.ts'
import { describeRequest } from '../request-facts.ts'
import { examineHead, type ExaminedHead, type RequestHead } from '../strict-gate.ts'
import type { Swept } from '../sweep.ts'
import { type ReplySink, UpstreamCall } from '../upstream-call.ts'
import { upstreamHeaders } from '../upstream-headers.ts'
import { answerHead, dateField } from './answer-text.ts'
import { SocketBody } from './socket-body.ts'
import type { SocketConnection } from './socket-connection.ts'

/** A small body goes out with its head in one write: as text, for bytes would take a second buffer and a slower call. */
const joinedBytesMax = 12_288

/** One request on its connection: the Exchange that the handler sees, on sockets of our own in and out. */
export class SocketExchange implements Attended, ReplySink, Swept {
  readonly request: ApiRequest
  readonly body: SocketBody
  /** The connection takes no further request behind it. */
  readonly isLast: boolean
  defect: Refusal | null
  aborted = false
  ended = false
  sweepPlace = -1
  readonly #core: EngineCore
  readonly #connection: SocketConnection
  readonly #head: ExaminedHead
  readonly #isModern: boolean
  #call: UpstreamCall | null = null
  /** Null until somebody reads the body before it is sent on. */
  #reading: BodyReading | null = null
  #isContinued = false
  /** Why the rest of the client's body will not come. */
  #broken: ForwardFailure | null = null
  #begun = false
  #sending: 'nothing' | 'answer' | 'stream' | 'last-answer' = 'nothing'
  #isChunked = false
  #bytes = 0
  #closes = false
  #tooSlow = false
  #clientTimed = false
  #streamFailure: ForwardFailure | null = null
  #onDelivered: ((delivery: Delivery) => void) | null = null
  #onStreamed: ((end: StreamEnd) => void) | null = null

  constructor(connection: SocketConnection, head: RequestHead, isLast: boolean) {
    const { core, peer, tls } = connection
    const examined = examineHead(head, tls === null ? core : core.secure)
    this.#core = core
    this.#connection = connection
    this.#head = examined
    this.#isModern = head.httpVersion === '1.1'
    this.isLast = isLast
    this.defect = connection.refused ?? examined.defect
    this.body = new SocketBody(connection, examined.bodyBytes !== 0)
    this.request = describeRequest(core, head, {
      examined,
      peer: core.hops.clientOf(peer.address, peer.port, examined.headers),
      tls,
    })
  }

  get bodyBytesRead(): number {
    return this.body.bytesRead
  }

  /** The client itself wants the connection closed: what it sends behind this request is none. */
  get isLastByWish(): boolean {
    return this.#head.closes || !this.#isModern
  }

  /** The connection: its turn has come. */
  begin(): void {
    this.#core.sweep.watch(this)
    this.#begun = true
    void attend(this.#core, this)
  }

  /** The connection: the client's body cannot be read to its end. */
  breakOff(why: Refusal): void {
    if (!this.#begun) this.defect ??= why
    this.#broken = failureOf(why.reason, why.note)
    this.#call?.fail(why.reason, why.note)
    this.#reading?.fail(this.#broken)
  }

  /** The connection: the client takes none of the bytes that wait for it. */
  stalled(): void {
    // A last answer keeps its own time; and who has nothing to take cannot be too slow.
    if (this.#sending !== 'answer' && this.#sending !== 'stream') return
    this.#tooSlow = true
    this.#connection.reset()
  }

  /** The connection: the client is gone; true where its answer lies in the socket whole, and may still reach it. */
  left(): boolean {
    if (this.#sending === 'answer' || this.#sending === 'last-answer') return true
    this.aborted = true
    this.#call?.fail('client_abort', 'the client left')
    this.#reading?.fail(failureOf('client_abort', 'the client left'))
    return false
  }

  /** The connection: the client takes bytes again. */
  drained(): void {
    this.#call?.resume()
  }

  check(nowMs: number): void {
    this.#call?.check(nowMs)
    if (this.#sending !== 'answer' && this.#sending !== 'stream') return
    // The socket's own time-out knows whether the kernel has taken bytes of a large write meanwhile. It runs only while
    // there is something to take, so that a slow upstream is never blamed on the client.
    const { socket } = this.#connection
    const isWaiting = socket.writableLength > 0
    if (isWaiting === this.#clientTimed) return
    this.#clientTimed = isWaiting
    socket.setTimeout(isWaiting ? this.#core.limits.clientIdleMs : 0)
  }

  readBody(bytesMax: number): Promise<BodyRead> {
    if (this.aborted) return Promise.resolve(failureOf('client_abort', 'the client left before its turn'))
    if (this.#broken !== null) return Promise.resolve(this.#broken)
    if (this.request.bodyBytes === 0) return Promise.resolve({ kind: 'whole', bytes: noBytes })
    this.#continue()
    this.#reading = new BodyReading(this.body)
    return this.#reading.read(bytesMax)
  }

  /** Tells a client that waits for it to send its body, once. */
  #continue(): void {
    if (!this.#head.expectsContinue || this.#isContinued) return
    this.#isContinued = true
    this.#connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')
  }

  forward(plan: ForwardPlan): Promise<UpstreamReply | ForwardFailure> {
    const failure = this.#unfit(plan)
    if (failure !== null) return Promise.resolve(failure)
    const { request } = this
    this.#continue()
    const { clock, sweep, pools } = this.#core
    const before = this.#call
    const call = new UpstreamCall({
      plan,
      clock,
      sweep,
      body: this.#reading?.source ?? this.body,
      pool: pools.poolOf(plan.upstream),
      clientIp: request.peer.clientIp,
      before,
    })
    this.#call = call
    const headers = upstreamHeaders({
      request,
      plan,
      names: this.#core.names,
      trusted: this.#core.hops.trusts(request.peer.address),
      connectionNames: this.#head.connectionNames,
      // A declared length of 0 is told to the upstream too.
      hasBody: request.bodyBytes !== null,
      continuesTrace: request.traceId !== request.id,
    })
    call.start({ method: request.method, headers, hasBody: request.bodyBytes !== 0 })
    return call.reply
  }

  #unfit(plan: ForwardPlan): ForwardFailure | null {
    if (this.aborted) return failureOf('client_abort', 'the client left before its turn')
    if (this.#broken !== null) return this.#broken
    if (this.#call !== null && !this.#call.isRepeatable) return failureOf('internal_error', 'forwarded twice')
    if (!plan.target.startsWith('/')) return failureOf('invalid_request', 'only paths are forwarded')
    if ((this.request.bodyBytes ?? 0) <= plan.bodyBytesMax) return null
    return failureOf('body_too_large', `declares ${this.request.bodyBytes} bytes, ${plan.bodyBytesMax} are allowed`)
  }

  answer(answer: Answer): Promise<Delivery> {
    const fromUpstream = this.#call !== null && answer.body === this.#call.held
    this.#call?.fail('client_abort', 'another answer was given')
    if (this.ended || this.aborted) {
      this.ended = true
      return Promise.resolve({ delivered: false, reason: 'client_abort', bytes: 0, begun: false })
    }
    this.ended = true
    // Where the rest of the request is not worth reading, or nobody knows where it ends.
    if (this.defect !== null || !this.body.complete) return this.#answerLast(answer)
    this.#sending = 'answer'
    const { status } = answer
    const isHead = this.request.method === 'HEAD'
    const length = isHead && fromUpstream ? (this.#call?.contentLength ?? null) : lengthOf(answer.body)
    const framing = length !== null && !isBodiless(status) ? `content-length: ${length}\r\n` : ''
    const head = this.#headOf(answer, framing, answer.close)
    if (head === null) return Promise.resolve({ delivered: false, reason: 'client_abort', bytes: 0, begun: false })
    this.#writeWhole(head, isHead ? [] : answer.body)
    if (this.#isFlushed) {
      this.#over()
      return Promise.resolve({ delivered: true, reason: null, bytes: this.#bytes, begun: true })
    }
    this.#whenFlushed()
    const { promise, resolve } = Promise.withResolvers<Delivery>()
    this.#onDelivered = resolve
    return promise
  }

  #answerLast(answer: Answer): Promise<Delivery> {
    this.#sending = 'last-answer'
    this.#core.sweep.unwatch(this)
    this.#connection.closing()
    this.body.discard()
    return sendLastAnswer(this.#connection.socket, answer, {
      headOnly: this.request.method === 'HEAD',
      clientIdleMs: this.#core.limits.clientIdleMs,
      nowMs: this.#core.clock.wallMs(),
    })
  }

  #writeWhole(head: string, body: readonly Uint8Array[]): void {
    const { socket } = this.#connection
    const bytes = lengthOf(body)
    this.#bytes = bytes
    if (bytes <= joinedBytesMax) {
      let text = head
      for (const chunk of body) text += latin1Of(chunk)
      socket.write(text, 'latin1')
      return
    }
    socket.cork()
    socket.write(head, 'latin1')
    for (const chunk of body) socket.write(chunk)
    socket.uncork()
  }

  stream(head: { readonly status: number; readonly headers: Headers }): Promise<StreamEnd> {
    const call = this.#call
    if (this.ended || this.aborted || call === null) {
      this.ended = true
      return Promise.resolve({ reason: 'client_abort', note: '', bytes: 0 })
    }
    this.ended = true
    this.#sending = 'stream'
    const hasBody = this.request.method !== 'HEAD' && !isBodiless(head.status)
    this.#isChunked = hasBody && call.contentLength === null && this.#isModern
    const isOpen = hasBody && call.contentLength === null && !this.#isModern
    const framing =
      call.contentLength !== null && !isBodiless(head.status)
        ? `content-length: ${call.contentLength}\r\n`
        : this.#isChunked
          ? 'transfer-encoding: chunked\r\n'
          : ''
    const { promise, resolve } = Promise.withResolvers<StreamEnd>()
    this.#onStreamed = resolve
    const text = this.#headOf(head, framing, isOpen || !this.body.complete)
    if (text === null) return promise
    const { socket } = this.#connection
    socket.cork()
    let isTaking = socket.write(text, 'latin1')
    for (const chunk of call.takeHeld()) isTaking = this.write(chunk)
    socket.uncork()
    call.flow(this)
    if (isTaking) call.resume()
    return promise
  }

  /** Null where a field cannot be sent: a defect of ours, for both parsers have let it pass. */
  #headOf({ status, headers }: { status: number; headers: Headers }, framing: string, close: boolean): string | null {
    this.#closes = close || this.isLast || this.#head.closes || !this.#isModern || this.#core.draining
    const connection = this.#closes ? 'connection: close\r\n' : this.#connection.keepAliveFields
    const head = answerHead(status, headers, {
      framing: framing + connection,
      date: dateField(this.#core.clock.wallMs()),
    })
    if (head !== null) return head
    this.#core.onDefect(new Error('A field of an answer cannot be sent'), this.request.id)
    this.#sending = 'nothing'
    this.#streamFailure = failureOf('internal_error', 'the head cannot be written')
    this.#connection.reset()
    return null
  }

  write(chunk: Buffer): boolean {
    const { socket } = this.#connection
    this.#bytes += chunk.length
    if (!this.#isChunked) return socket.write(chunk)
    if (chunk.length === 0) return true
    const size = `${chunk.length.toString(16)}\r\n`
    if (chunk.length <= joinedBytesMax) return socket.write(`${size}${latin1Of(chunk)}\r\n`, 'latin1')
    socket.cork()
    socket.write(size, 'latin1')
    socket.write(chunk)
    const isTaking = socket.write('\r\n', 'latin1')
    socket.uncork()
    return isTaking
  }

  end(): void {
    const { socket } = this.#connection
    if (this.#isChunked) socket.write('0\r\n\r\n', 'latin1')
    if (!this.body.complete) this.#closes = true
    this.body.discard()
    if (this.#isFlushed) this.#flushed()
    else this.#whenFlushed()
  }

  /** The kernel has all that was written. */
  get #isFlushed(): boolean {
    const { socket } = this.#connection
    return socket.writableLength === 0 && socket.writable
  }

  /** A reset, not an end: without a length the end of the connection would pass for the end of the answer. */
  fail(failure: ForwardFailure): void {
    if (this.aborted) return // the echo of our own giving up
    this.#streamFailure = failure
    this.#connection.reset()
  }

  drop(): void {
    this.ended = true
    this.#call?.fail('client_abort', 'the exchange was dropped')
    this.#connection.socket.destroy()
  }

  /** Behind all that was written. */
  #whenFlushed(): void {
    this.#connection.socket.write('', (error) => {
      if (error === null || error === undefined) this.#flushed() // else the end of the connection tells
    })
  }

  #flushed(): void {
    if (this.#connection.isLost) return // told with the end of the connection
    this.#over()
    this.#onDelivered?.({ delivered: true, reason: null, bytes: this.#bytes, begun: true })
    this.#onStreamed?.({ reason: null, note: '', bytes: this.#bytes })
  }

  #over(): void {
    this.#core.sweep.unwatch(this)
    if (this.#clientTimed) this.#connection.socket.setTimeout(0)
    this.#clientTimed = false
    this.#connection.ended(this, this.#closes)
  }

  /** The connection: it is closed, and with it everything that was not out. */
  closed(): void {
    if (this.#sending !== 'last-answer') this.aborted = true
    this.#core.sweep.unwatch(this)
    this.#call?.fail('client_abort', 'the client left')
    const reason: Reason = this.#tooSlow ? 'client_too_slow' : 'client_abort'
    this.#onDelivered?.({ delivered: false, reason, bytes: this.#bytes, begun: this.#sending !== 'nothing' })
    this.#onStreamed?.({
      reason: this.#streamFailure?.reason ?? reason,
      note: this.#streamFailure?.note ?? '',
      bytes: this.#bytes,
    })
  }
}

function latin1Of(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return buffer.toString('latin1')
}

const noBytes = new Uint8Array(0)

function failureOf(reason: Reason, note: string): ForwardFailure {
  return { kind: 'failure', reason, note }
}

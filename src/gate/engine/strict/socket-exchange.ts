import { type ApiRequest, type Headers, type Reason, type Refusal } from '../../../core/mod.ts'
import { attend, type Attended, type EngineCore } from '../engine-core.ts'
import { joinedBytesMax, latin1Of } from '../answer-bytes.ts'
import { ClientStall } from '../client-stall.ts'
import type { Answer, BodyRead, Delivery, ForwardFailure, ForwardPlan, StreamEnd, UpstreamReply } from '../exchange.ts'
import { isBodiless, lengthOf, sendLastAnswer } from '../last-answer.ts'
import { describeRequest } from '../request-facts.ts'
import { examineHead, type ExaminedHead, type RequestHead } from '../strict-gate.ts'
import type { Swept } from '../sweep.ts'
import type { ReplySink } from '../upstream-call.ts'
import { failureOf, UpstreamSide } from '../upstream-side.ts'
import { answerHead, dateField } from './answer-text.ts'
import { SocketBody } from './socket-body.ts'
import type { SocketConnection } from './socket-connection.ts'

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
  readonly #upstream: UpstreamSide
  readonly #isModern: boolean
  #begun = false
  #sending: 'nothing' | 'answer' | 'stream' | 'last-answer' = 'nothing'
  #isChunked = false
  #bytes = 0
  #closes = false
  #tooSlow = false
  readonly #stall = new ClientStall()
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
    this.#upstream = new UpstreamSide({
      core,
      request: this.request,
      head: examined,
      body: this.body,
      sendContinue: () => void connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1'),
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
    this.#upstream.breakOff(why)
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
    this.#upstream.lost()
    return false
  }

  /** The connection: the client takes bytes again. */
  drained(): void {
    this.#upstream.call?.resume()
  }

  check(nowMs: number): void {
    this.#upstream.call?.check(nowMs)
    if (this.#sending !== 'answer' && this.#sending !== 'stream') return
    this.#stall.check(this.#connection.socket, this.#core.limits.clientIdleMs)
  }

  readBody(bytesMax: number): Promise<BodyRead> {
    return this.#upstream.readBody(bytesMax)
  }

  forward(plan: ForwardPlan): Promise<UpstreamReply | ForwardFailure> {
    return this.#upstream.forward(plan)
  }

  answer(answer: Answer): Promise<Delivery> {
    const fromUpstream = answer.body === this.#upstream.call?.held
    this.#upstream.giveUp('another answer was given')
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
    const length = isHead && fromUpstream ? (this.#upstream.call?.contentLength ?? null) : lengthOf(answer.body)
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
    const { call } = this.#upstream
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
    this.#upstream.giveUp('the exchange was dropped')
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
    if (this.#stall.isTimed) this.#connection.socket.setTimeout(0)
    this.#connection.ended(this, this.#closes)
  }

  /** The connection: it is closed, and with it everything that was not out. */
  closed(): void {
    if (this.#sending !== 'last-answer') this.aborted = true
    this.#core.sweep.unwatch(this)
    this.#upstream.lost()
    const reason: Reason = this.#tooSlow ? 'client_too_slow' : 'client_abort'
    this.#onDelivered?.({ delivered: false, reason, bytes: this.#bytes, begun: this.#sending !== 'nothing' })
    this.#onStreamed?.({
      reason: this.#streamFailure?.reason ?? reason,
      note: this.#streamFailure?.note ?? '',
      bytes: this.#bytes,
    })
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ApiRequest, type Headers, type Reason, refusal, type Refusal } from '../../core/mod.ts'
import { ClientBody } from './client-body.ts'
import type { Connection, Receiving, Turn } from './connection.ts'
import { attend, type Attended, type EngineCore } from './engine-core.ts'
import { joinedBytesMax, latin1Of } from './answer-bytes.ts'
import { ClientStall } from './client-stall.ts'
import type { Answer, BodyRead, Delivery, ForwardFailure, ForwardPlan, StreamEnd, UpstreamReply } from './exchange.ts'
import { isBodiless, lengthOf, sendLastAnswer } from './last-answer.ts'
import { describeRequest } from './request-facts.ts'
import { examineHead } from './strict-gate.ts'
import type { Swept } from './sweep.ts'
import type { ReplySink } from './upstream-call.ts'
import { failureOf, UpstreamSide } from './upstream-side.ts'

/** A request that `node:http` has parsed, and its response. */
export interface Received {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  /** The connection may send no more requests. */
  readonly isLast: boolean
}

/** One request on its connection: the Exchange that the handler sees, on `node:http` in and undici out. */
export class NodeExchange implements Attended, Turn, Receiving, ReplySink, Swept {
  readonly request: ApiRequest
  defect: Refusal | null
  aborted = false
  begun = false
  ended = false
  sweepPlace = -1
  readonly #core: EngineCore
  readonly #connection: Connection
  readonly #response: ServerResponse
  readonly #body: ClientBody
  readonly #hasBody: boolean
  readonly #upstream: UpstreamSide
  readonly #isLast: boolean
  #sending: 'nothing' | 'answer' | 'stream' | 'last-answer' = 'nothing'
  #bytes = 0
  /** The connection ends with this answer. */
  #closes = false
  /** The response can take nothing more: it is out, or the connection is gone. */
  #over = false
  #tooSlow = false
  readonly #stall = new ClientStall()
  #streamFailure: ForwardFailure | null = null
  #onDelivered: ((delivery: Delivery) => void) | null = null
  #onStreamed: ((end: StreamEnd) => void) | null = null

  constructor(core: EngineCore, connection: Connection, { incoming, response, isLast }: Received) {
    const head = examineHead(
      // A parsed request has both.
      incoming as IncomingMessage & { method: string; url: string },
      connection.tls === null ? core : core.secure,
    )
    const { peer } = connection
    this.#core = core
    this.#connection = connection
    this.#response = response
    this.#hasBody = head.bodyBytes !== 0
    this.#isLast = isLast
    this.#body = new ClientBody(incoming, head.bodyBytes !== 0)
    this.defect = connection.refused ?? head.defect
    this.request = describeRequest(
      core,
      { method: incoming.method ?? '', httpVersion: incoming.httpVersion },
      { examined: head, peer: core.hops.clientOf(peer.address, peer.port, head.headers), tls: connection.tls },
    )
    this.#upstream = new UpstreamSide({
      core,
      request: this.request,
      head,
      body: this.#body,
      sendContinue: () => response.writeContinue(),
    })
    response.once('close', () => this.#closed())
  }

  get bodyBytesRead(): number {
    return this.#body.bytesRead
  }

  get received(): boolean {
    return this.#body.complete
  }

  /**
   * With a body the start waits for the end of the loop's round: a small one is whole by then, and bytes that the parser
   * cannot make sense of behind it have come to light.
   */
  begin(): void {
    if (this.#over) {
      this.#start()
      this.#connection.ended(this, { isLast: true })
      return
    }
    this.#core.sweep.watch(this)
    if (this.#hasBody) setImmediate(() => this.#start())
    else this.#start()
  }

  #start(): void {
    this.begun = true
    void attend(this.#core, this)
  }

  stalled(): void {
    // A last answer keeps its own time; and who has nothing to take cannot be too slow.
    if (this.#sending !== 'answer' && this.#sending !== 'stream') return
    this.#tooSlow = true
    this.#connection.reset()
  }

  lost(): void {
    this.aborted = true
    this.#upstream.lost()
  }

  breakOff(why: Refusal): void {
    if (!this.begun) this.defect ??= why
    this.#upstream.breakOff(why)
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
    if (this.defect !== null || !this.#body.complete) return this.#answerLast(answer)
    this.#sending = 'answer'
    const headers = this.#fields(answer.headers, answer.close)
    const isHead = this.request.method === 'HEAD'
    const length = isHead && fromUpstream ? this.#upstream.call?.contentLength : lengthOf(answer.body)
    if (typeof length === 'number' && !isBodiless(answer.status)) headers.push('content-length', String(length))
    const { promise, resolve } = Promise.withResolvers<Delivery>()
    this.#onDelivered = resolve
    if (this.#writeHead(answer.status, headers)) this.#writeBody(isHead ? [] : answer.body)
    return promise
  }

  #answerLast(answer: Answer): Promise<Delivery> {
    this.#sending = 'last-answer'
    this.#connection.closing = true
    this.#body.discard()
    return sendLastAnswer(this.#connection.socket, answer, {
      headOnly: this.request.method === 'HEAD',
      clientIdleMs: this.#core.limits.clientIdleMs,
      nowMs: this.#core.clock.wallMs(),
    })
  }

  #writeBody(body: readonly Uint8Array[]): void {
    const last = body.length - 1
    for (let i = 0; i < last; i++) this.#response.write(body[i])
    this.#bytes = lengthOf(body)
    const end = body[last]
    if (end === undefined) this.#response.end()
    else if (last > 0 || end.length > joinedBytesMax) this.#response.end(end)
    else this.#response.end(latin1Of(end), 'latin1')
  }

  stream(head: { readonly status: number; readonly headers: Headers }): Promise<StreamEnd> {
    const { call } = this.#upstream
    if (this.ended || this.aborted || call === null) {
      this.ended = true
      return Promise.resolve({ reason: 'client_abort', note: '', bytes: 0 })
    }
    this.ended = true
    this.#sending = 'stream'
    const headers = this.#fields(head.headers, !this.#body.complete)
    if (call.contentLength !== null && !isBodiless(head.status))
      headers.push('content-length', String(call.contentLength))
    const { promise, resolve } = Promise.withResolvers<StreamEnd>()
    this.#onStreamed = resolve
    if (!this.#writeHead(head.status, headers)) return promise
    let isTaking = true
    for (const chunk of call.takeHeld()) isTaking = this.write(chunk)
    if (this.#bytes === 0) this.#response.flushHeaders()
    call.flow(this)
    if (isTaking) call.resume()
    return promise
  }

  /** Fields for Node to write, and whether the connection ends with this answer. */
  #fields(headers: Headers, close: boolean): string[] {
    const fields = headers.slice()
    if (close || this.#isLast || this.#core.draining) {
      this.#closes = true
      this.#connection.closing = true
      fields.push('connection', 'close')
    }
    return fields
  }

  /** False where Node does not accept a field: a defect of ours, for both parsers have let it pass. */
  #writeHead(status: number, headers: string[]): boolean {
    try {
      this.#response.writeHead(status, headers)
      return true
    } catch (error) {
      this.#core.onDefect(error, this.request.id)
      this.#sending = 'nothing'
      this.#streamFailure = failureOf('internal_error', 'the head cannot be written')
      this.#connection.reset()
      return false
    }
  }

  write(chunk: Buffer): boolean {
    const isFirst = this.#bytes === 0
    this.#bytes += chunk.length
    if (isFirst) this.#response.on('drain', () => this.#upstream.call?.resume())
    return this.#response.write(chunk)
  }

  end(): void {
    this.#response.end()
    this.#body.discard()
  }

  /** A reset, not an end: without a length the end of the connection would pass for the end of the answer. */
  fail(failure: ForwardFailure): void {
    if (this.aborted) return // the echo of our own giving up
    this.#streamFailure = failure
    this.#connection.reset()
  }

  drop(): void {
    this.ended = true
    this.#connection.closing = true
    this.#upstream.giveUp('the exchange was dropped')
    this.#connection.socket.destroy()
  }

  #closed(): void {
    const isWhole = this.#response.writableFinished
    this.#over = true
    if (!isWhole) this.lost()
    this.#core.sweep.unwatch(this)
    // Whoever is next in the line begins anew; where nobody is, Node has set the time for an idle connection.
    if (this.#stall.isTimed && this.#connection.waiting > 0) this.#connection.socket.setTimeout(0)
    const reason: Reason = this.#tooSlow ? 'client_too_slow' : 'client_abort'
    const begun = this.#sending !== 'nothing'
    this.#onDelivered?.({ delivered: isWhole, reason: isWhole ? null : reason, bytes: this.#bytes, begun })
    this.#onStreamed?.(
      isWhole
        ? { reason: null, note: '', bytes: this.#bytes }
        : { reason: this.#streamFailure?.reason ?? reason, note: this.#streamFailure?.note ?? '', bytes: this.#bytes },
    )
    this.#connection.ended(this, { isLast: this.#closes })
  }
}

/** The defect of a request behind which there are bytes that are none. */
export function garbageBehind(note: string): Refusal {
  return refusal('malformed', 'The body is longer than its declared length', { note })
}

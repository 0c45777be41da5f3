import type { Socket } from 'node:net'
import type { ApiRequest, Refusal } from '../../core/mod.ts'
import type { Turn } from './connection.ts'
import { attend, type Attended, type EngineCore } from './engine-core.ts'
import type { Answer, Delivery, ForwardFailure, StreamEnd } from './exchange.ts'
import { sendLastAnswer } from './last-answer.ts'

/**
 * Something that arrived but never became a request: a head that cannot be parsed or did not arrive whole, CONNECT, a
 * connection that was dropped. It can be answered where there is a socket, and it ends its connection.
 */
export class RefusedExchange implements Attended, Turn {
  readonly request: ApiRequest
  readonly defect: Refusal
  readonly bodyBytesRead = 0
  aborted: boolean
  ended = false
  readonly #core: EngineCore
  readonly #socket: Socket | null

  /** `socket` null: nobody can be answered any more. */
  constructor(core: EngineCore, socket: Socket | null, { request, defect }: { request: ApiRequest; defect: Refusal }) {
    this.#core = core
    this.#socket = socket
    this.request = request
    this.defect = defect
    this.aborted = socket === null
  }

  begin(): void {
    void attend(this.#core, this)
  }

  stalled(): void {
    this.#socket?.destroy()
  }

  lost(): void {
    this.aborted = true
  }

  answer(answer: Answer): Promise<Delivery> {
    this.ended = true
    if (this.#socket === null || this.aborted) {
      return Promise.resolve({ delivered: false, reason: 'client_abort', bytes: 0, begun: false })
    }
    return sendLastAnswer(this.#socket, answer, {
      headOnly: this.request.method === 'HEAD',
      clientIdleMs: this.#core.limits.clientIdleMs,
      nowMs: this.#core.clock.wallMs(),
    })
  }

  /** There is nothing to read. */
  readBody(): Promise<ForwardFailure> {
    return this.forward()
  }

  /** There is nothing to forward. */
  forward(): Promise<ForwardFailure> {
    return Promise.resolve({ kind: 'failure', reason: this.defect.reason, note: this.defect.note })
  }

  /** There is nothing to stream. */
  stream(): Promise<StreamEnd> {
    this.ended = true
    this.#socket?.destroy()
    return Promise.resolve({ reason: this.defect.reason, note: this.defect.note, bytes: 0 })
  }

  drop(): void {
    this.ended = true
    this.#socket?.destroy()
  }
}

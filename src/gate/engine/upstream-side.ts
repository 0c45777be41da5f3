import type { ApiRequest, Reason, Refusal } from '../../core/mod.ts'
import { BodyReading } from './body-reading.ts'
import type { BodySource } from './body-source.ts'
import type { EngineCore } from './engine-core.ts'
import type { BodyRead, ForwardFailure, ForwardPlan, UpstreamReply } from './exchange.ts'
import type { ExaminedHead } from './strict-gate.ts'
import { UpstreamCall } from './upstream-call.ts'
import { upstreamHeaders } from './upstream-headers.ts'

export interface UpstreamSideOptions {
  readonly core: EngineCore
  readonly request: ApiRequest
  readonly head: ExaminedHead
  readonly body: BodySource
  /** Tells a client that waits for it to send its body; called once at most. */
  readonly sendContinue: () => void
}

/** What an exchange has to do with its upstream, whichever engine its client is on: reading the body, attempts, giving up. */
export class UpstreamSide {
  readonly #options: UpstreamSideOptions
  #call: UpstreamCall | null = null
  /** Null until somebody reads the body before it is sent on. */
  #reading: BodyReading | null = null
  #isContinued = false
  /** Why nothing more can be sent: the client is gone, or the rest of its body will not come. */
  #broken: ForwardFailure | null = null

  constructor(options: UpstreamSideOptions) {
    this.#options = options
  }

  /** The newest attempt. */
  get call(): UpstreamCall | null {
    return this.#call
  }

  readBody(bytesMax: number): Promise<BodyRead> {
    const { request, body } = this.#options
    if (this.#broken !== null) return Promise.resolve(this.#broken)
    if (request.bodyBytes === 0) return Promise.resolve({ kind: 'whole', bytes: noBytes })
    this.#continue()
    this.#reading = new BodyReading(body)
    return this.#reading.read(bytesMax)
  }

  forward(plan: ForwardPlan): Promise<UpstreamReply | ForwardFailure> {
    const failure = this.#unfit(plan)
    if (failure !== null) return Promise.resolve(failure)
    const { core, request, head, body } = this.#options
    this.#continue()
    const call = new UpstreamCall({
      plan,
      clock: core.clock,
      sweep: core.sweep,
      body: this.#reading?.source ?? body,
      pool: core.pools.poolOf(plan.upstream),
      clientIp: request.peer.clientIp,
      before: this.#call,
    })
    this.#call = call
    const headers = upstreamHeaders({
      request,
      plan,
      names: core.names,
      trusted: core.hops.trusts(request.peer.address),
      connectionNames: head.connectionNames,
      // A declared length of 0 is told to the upstream too.
      hasBody: request.bodyBytes !== null,
      continuesTrace: request.traceId !== request.id,
    })
    call.start({ method: request.method, headers, hasBody: request.bodyBytes !== 0 })
    return call.reply
  }

  /** The client is gone. */
  lost(): void {
    this.#break(failureOf('client_abort', 'the client left'))
  }

  /** The client's body cannot be read to its end. */
  breakOff({ reason, note }: Refusal): void {
    this.#break(failureOf(reason, note))
  }

  /** Ends the attempt that runs, for a reason of ours. */
  giveUp(note: string): void {
    this.#call?.fail('client_abort', note)
  }

  #break(failure: ForwardFailure): void {
    this.#broken ??= failure
    this.#call?.fail(failure.reason, failure.note)
    this.#reading?.fail(failure)
  }

  #continue(): void {
    const { head, sendContinue } = this.#options
    if (!head.expectsContinue || this.#isContinued) return
    this.#isContinued = true
    sendContinue()
  }

  #unfit(plan: ForwardPlan): ForwardFailure | null {
    const bodyBytes = this.#options.request.bodyBytes ?? 0
    if (this.#broken !== null) return this.#broken
    if (this.#call !== null && !this.#call.isRepeatable) return failureOf('internal_error', 'forwarded twice')
    if (!plan.target.startsWith('/')) return failureOf('invalid_request', 'only paths are forwarded')
    if (bodyBytes <= plan.bodyBytesMax) return null
    return failureOf('body_too_large', `declares ${bodyBytes} bytes, ${plan.bodyBytesMax} are allowed`)
  }
}

const noBytes = Buffer.alloc(0)

/** No usable answer, and why. */
export function failureOf(reason: Reason, note: string): ForwardFailure {
  return { kind: 'failure', reason, note }
}

import type { Readable } from 'node:stream'
import { type Clock, type Reason } from '../../core/mod.ts'
import { addressGroup } from './client-address.ts'
import type { BodySource } from './body-source.ts'
import type { ForwardFailure, ForwardPlan, UpstreamReply } from './exchange.ts'
import type { ResponseHead } from './response-head.ts'
import type { Sweep } from './sweep.ts'
import type { ClientUser, UpstreamClient } from './upstream-client.ts'
import type { PoolUser, UpstreamPool } from './upstream-pools.ts'

/** Where the body of an answer goes once its head has gone out. */
export interface ReplySink {
  /** False: hold back until `resume`. */
  write(chunk: Buffer): boolean
  end(): void
  fail(failure: ForwardFailure): void
}

export interface CallOptions {
  readonly plan: ForwardPlan
  readonly clock: Clock
  readonly sweep: Sweep
  readonly body: BodySource
  readonly pool: UpstreamPool
  /** Whose share of the pool it counts in while its body is being streamed. */
  readonly clientIp: string
  /**
   * The attempt before, which failed with `again`; null for the first. Left out by an exchange that forwards once: then no
   * failure says `again`.
   */
  readonly before?: UpstreamCall | null
}

/** What is sent to the upstream, the body apart. */
export interface UpstreamRequest {
  readonly method: string
  readonly headers: string[]
  /** False: no body is sent, whatever the client sent. */
  readonly hasBody: boolean
}

/**
 * One request to an upstream and its answer: held, handed over at the head, or streamed.
 */
export class UpstreamCall implements ClientUser, PoolUser {
  /** Settles once, never rejects. */
  readonly reply: Promise<UpstreamReply | ForwardFailure>
  /** Declared length of the answer, null when there is none. */
  contentLength: number | null = null
  streamsFor: string | null = null
  readonly #options: CallOptions
  #startedMs = 0
  readonly #settle: (reply: UpstreamReply | ForwardFailure) => void
  /**
   * `gathering` the client's body, `queued` for a connection, `given` to the client, which may have to connect first, `sent` at
   * least in part.
   */
  #state: 'gathering' | 'queued' | 'given' | 'sent' | 'answering' | 'done' = 'gathering'
  #request: UpstreamRequest | null = null
  #body: Buffer | Readable | null = null
  /** The body for another attempt, and whether there may be one. */
  #kept: Buffer | null = null
  #isWhole = true
  #settled = false
  #failure: ForwardFailure | null = null
  #abort: ((error: Error) => void) | null = null
  #resume: (() => void) | null = null
  #sink: ReplySink | null = null
  #status = 0
  #headers: readonly string[] = []
  #firstByteMs = 0
  #held: Buffer[] = []
  #heldBytes = 0
  #paused = false
  #settleByMs = Infinity
  #movedMs = 0

  constructor(options: CallOptions) {
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<UpstreamReply | ForwardFailure>()
    this.reply = promise
    this.#settle = resolve
  }

  /**
   * Sends the request. A body is gathered before a connection is taken for it, so that nobody holds a connection with one that
   * he does not send; only what is larger than can be kept is streamed.
   */
  start(request: UpstreamRequest): void {
    const { plan, body, before = null } = this.#options
    this.#request = request
    if (!request.hasBody) return this.#enter()
    if (before !== null) {
      this.#body = before.#kept
      return this.#enter()
    }
    if (!body.complete) return body.gather(Math.min(gatheredBytesMax, plan.bodyBytesMax), this.#onGathered)
    const whole = body.takeWhole()
    if (whole.length > plan.bodyBytesMax) return this.fail('body_too_large', bodyNote(plan))
    plan.tap?.request(whole)
    this.#body = whole
    this.#enter()
  }

  readonly #onGathered = (isWhole: boolean): void => {
    const { plan, body, clientIp } = this.#options
    if (body.bytesRead > plan.bodyBytesMax) return this.fail('body_too_large', bodyNote(plan))
    if (isWhole) {
      this.#body = body.takeWhole()
      plan.tap?.request(this.#body)
    } else {
      this.streamsFor = addressGroup(clientIp)
      this.#isWhole = false
    }
    this.#enter()
  }

  #enter(): void {
    const { clock, sweep, pool } = this.#options
    this.#state = 'queued'
    if (Buffer.isBuffer(this.#body)) this.#kept = this.#body
    this.#startedMs = clock.monotonicMs()
    this.#movedMs = sweep.latestMs
    pool.enter(this)
  }

  /** The pool: there is a connection for it. */
  go(client: UpstreamClient, basePath: string): void {
    const { plan, body, pool } = this.#options
    const { method = '', headers = [] } = this.#request ?? {}
    this.#state = 'given'
    if (this.streamsFor !== null) this.#body = body.open(this.#onBodyChunk, () => pool.bodySent(this))
    // The client takes it from here, and holds it as long as it needs it.
    client.send({ method, path: `${basePath}${plan.target}`, headers, body: this.#body }, this)
    this.#body = null
    this.#request = null
  }

  /** The answer is whole, or there will be none. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /** The body of a complete reply: by this very array an answer is known to be the upstream's. */
  get held(): readonly Buffer[] {
    return this.#held
  }

  /** What has arrived and was not taken yet. */
  takeHeld(): readonly Buffer[] {
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    return held
  }

  /** From here on chunks go to the sink, which may say at once that it needs no more for now. */
  flow(sink: ReplySink): void {
    this.#sink = sink
    this.#movedMs = this.#options.sweep.latestMs
    if (this.#failure !== null) sink.fail(this.#failure)
    else if (this.#state === 'done') sink.end()
  }

  /** Takes the upstream's bytes again. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#movedMs = this.#options.sweep.latestMs
    this.#resume?.()
  }

  /** Ends the call for a reason of ours. */
  fail(reason: Reason, note: string): void {
    if (this.#state === 'done') return
    const { body, pool } = this.#options
    if (this.#state === 'queued') pool.leave(this)
    this.#end({ kind: 'failure', reason, note })
    this.#abort?.(new Error(note))
    body.release()
  }

  /** Deadlines, called by the sweep through the exchange. */
  check(nowMs: number): void {
    if (this.#state === 'done') return
    const { plan, body, pool } = this.#options
    if (nowMs >= plan.deadlineMs) {
      const isClient = (this.#state === 'gathering' || this.#state === 'sent') && body.awaited
      return this.fail(isClient ? 'request_timeout' : 'upstream_timeout', 'the deadline of the exchange has passed')
    }
    const silentMs = nowMs - this.#movedMs
    if (this.#state === 'queued' && silentMs >= plan.upstream.connectMs) {
      return this.fail('too_many_connections', `${pool.whyBusy(this)} for ${plan.upstream.connectMs} ms`)
    }
    if (this.#state === 'sent' && !body.awaited && silentMs >= plan.upstream.headersMs) {
      return this.fail('upstream_timeout', `no answer within ${plan.upstream.headersMs} ms`)
    }
    if (this.#state !== 'answering') return
    if (!this.#settled && nowMs >= this.#settleByMs) this.#hand(false)
    if (!this.#paused && silentMs >= plan.upstream.idleMs) {
      this.fail('upstream_timeout', `silent for ${plan.upstream.idleMs} ms within the answer`)
    }
  }

  readonly #onBodyChunk = (bytesSoFar: number, chunk: Uint8Array): boolean => {
    const { plan, sweep } = this.#options
    this.#movedMs = sweep.latestMs
    if (bytesSoFar <= plan.bodyBytesMax) {
      plan.tap?.request(chunk)
      return true
    }
    this.fail('body_too_large', bodyNote(plan))
    return false
  }

  /** The client: the request is about to be written to a connection. */
  onConnect(abort: (error?: Error) => void): void {
    if (this.#state === 'done') throw new Error('the exchange ended before its turn')
    this.#state = 'sent'
    this.#movedMs = this.#options.sweep.latestMs
    this.#abort = abort
    if (this.#options.plan.isRepeatable !== true) this.#kept = null
  }

  /** The client: a head has arrived. */
  onHead(status: number, head: ResponseHead, resume: () => void): boolean {
    if (this.#state === 'done') return true
    const { plan, clock, sweep } = this.#options
    const nowMs = clock.monotonicMs()
    this.#state = 'answering'
    this.#status = status
    this.#headers = head.headers
    this.contentLength = head.contentLength
    this.#firstByteMs = nowMs - this.#startedMs
    this.#movedMs = sweep.latestMs
    this.#resume = resume
    this.#settleByMs = nowMs + plan.holdMsMax
    // Not before the bytes that came with the head have been read: small answers are whole then.
    const isTooLong = head.contentLength !== null && head.contentLength > plan.holdBytesMax
    if (plan.holdBytesMax === 0 || isTooLong) queueMicrotask(() => this.#hand(false))
    return true
  }

  /** The client: a part of the body; false stops the reading. */
  onData(chunk: Buffer): boolean {
    this.#movedMs = this.#options.sweep.latestMs
    this.#options.plan.tap?.response(chunk)
    if (this.#sink !== null) {
      if (!this.#sink.write(chunk)) this.#paused = true
      return !this.#paused
    }
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    const { holdBytesMax } = this.#options.plan
    if (holdBytesMax > 0 && this.#heldBytes > holdBytesMax) this.#hand(false)
    if (this.#heldBytes > Math.max(holdBytesMax, unflownBytesMax)) this.#paused = true
    return !this.#paused
  }

  /** The client: the answer is whole. */
  onComplete(): void {
    this.#options.pool.released(this)
    if (this.#state === 'done') return
    this.#state = 'done'
    if (this.#sink !== null) this.#sink.end()
    else this.#hand(true)
  }

  /** The client: there is or will be no whole answer; also the echo of our own abort. */
  onFailed(failure: ForwardFailure): void {
    this.#options.pool.released(this)
    if (this.#state !== 'done') this.#end(failure)
  }

  #hand(complete: boolean): void {
    if (this.#settled) return
    this.#settled = true
    this.#kept = null
    this.#settle({
      kind: 'reply',
      status: this.#status,
      headers: this.#headers,
      firstByteMs: this.#firstByteMs,
      held: this.#held,
      complete: complete || (this.#state === 'done' && this.#failure === null),
    })
  }

  #end(failure: ForwardFailure): void {
    const again = this.#againAfter(failure)
    this.#state = 'done'
    this.#failure = failure
    if (this.#sink !== null) return this.#sink.fail(failure)
    if (this.#settled) return // told when the streaming begins
    this.#settled = true
    if (again === null) {
      this.#isWhole = false
      this.#kept = null
      this.#settle(failure)
    } else this.#settle({ ...failure, again })
  }

  /** It failed in a way that leaves the request whole. */
  get isRepeatable(): boolean {
    return this.#failure !== null && this.#isWhole
  }

  /** Whether, and in which state of things, the request may be sent again. */
  #againAfter({ reason }: ForwardFailure): 'unsent' | 'sent' | null {
    const { plan, before } = this.#options
    if (before === undefined || !this.#isWhole || this.#settled || !ofUpstream.has(reason)) return null
    if (this.#state === 'queued' || this.#state === 'given') return 'unsent'
    const isUnanswered = this.#state === 'sent' || (this.#state === 'answering' && this.#heldBytes === 0)
    return plan.isRepeatable === true && isUnanswered ? 'sent' : null
  }
}

/** What another upstream, or another connection, may do better. */
const ofUpstream: ReadonlySet<Reason> = new Set<Reason>([
  'too_many_connections',
  'upstream_refused',
  'upstream_reset',
  'upstream_invalid',
  'upstream_timeout',
])

/** How much of a client's body is kept before a connection is taken for it. */
const gatheredBytesMax = 65_536

/** How much of an answer is kept while nobody streams it. */
const unflownBytesMax = 65_536

function bodyNote({ bodyBytesMax }: ForwardPlan): string {
  return `more than ${bodyBytesMax} bytes`
}

import type { ApiRequest, Headers, Peer, Reason, Refusal, Upstream } from '../../core/mod.ts'

/** A whole answer that we send: a refusal, or an upstream's answer that was held. */
export interface Answer {
  readonly status: number
  /** Without hop-by-hop and framing fields: the engine writes those. */
  readonly headers: Headers
  readonly body: readonly Uint8Array[]
  /** Close the connection behind this answer. */
  readonly close: boolean
}

/** What became of an answer: all bytes handed to the kernel for a client still there, or why not. */
export interface Delivery {
  readonly delivered: boolean
  /** `client_abort` or `client_too_slow` when not delivered. */
  readonly reason: Reason | null
  /** Body bytes given to the connection. */
  readonly bytes: number
  /** True once any byte of the answer, the status line included, was handed to the connection. */
  readonly begun: boolean
}

/**
 * Sees the bodies of an exchange as they pass, each byte once and in order. Called while they pass: it must not throw, and a
 * chunk is its own only until it returns.
 */
export interface BodyTap {
  /** The client's body, as it is given to the upstream. */
  request(chunk: Uint8Array): void
  /** The answer's body, as it arrives. */
  response(chunk: Uint8Array): void
}

/** How a request is to go to its upstream. */
export interface ForwardPlan {
  readonly upstream: Upstream
  /** Path and query as the upstream gets them. */
  readonly target: string
  /** Lower-case names of fields that carried credentials and stay here. */
  readonly strip: readonly string[]
  /** Fields of ours that the upstream gets instead of any the client sent under these names. */
  readonly add: Headers
  readonly bodyBytesMax: number
  /** `Clock.monotonicMs` by which the exchange must have ended. */
  readonly deadlineMs: number
  /** Hold the answer up to this many bytes and resolve when it is complete; 0: resolve at the head. */
  readonly holdBytesMax: number
  /** Resolve with what there is when a held answer is not complete so long after its head. */
  readonly holdMsMax: number
  /**
   * The request may be sent again after the upstream may have got it (RFC 9110 9.2.2), so it is kept until its answer is here.
   * False: it is kept until a connection stands. @default false
   */
  readonly isRepeatable?: boolean
  /** Null where nobody looks at the bodies. */
  readonly tap: BodyTap | null
}

/** The upstream's answer as far as it is here. */
export interface UpstreamReply {
  readonly kind: 'reply'
  readonly status: number
  /** Hop-by-hop fields removed. */
  readonly headers: Headers
  /** From when the request was ready to be sent to the first byte of the head. */
  readonly firstByteMs: number
  /** The body so far; the whole of it when `complete`. */
  readonly held: readonly Uint8Array[]
  readonly complete: boolean
}

/**
 * No usable answer: `upstream_*`, `body_too_large`, `request_timeout`, `client_abort`, `malformed` (a broken body), or
 * `too_many_connections` where no connection to the upstream became free within its `connectMs`: then nothing was sent.
 */
export interface ForwardFailure {
  readonly kind: 'failure'
  readonly reason: Reason
  readonly note: string
  /**
   * Set where the request is still whole here, so that `forward` may be called again: `unsent` where the upstream got nothing of
   * it, `sent` where it may have acted on it. Never set once a part of a body, the client's or the upstream's, has passed, or where
   * the client is at fault or gone.
   */
  readonly again?: 'unsent' | 'sent'
}

/** What reading a client's body before it is sent on came to: all of it, more than was asked for, or why there is none. */
export type BodyRead =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'larger' }
  | ForwardFailure

/** How the streaming of an incomplete reply ended; `reason` null: whole. */
export interface StreamEnd {
  readonly reason: Reason | null
  readonly note: string
  readonly bytes: number
}

/**
 * One request on its connection, and all that can be done with it. Given to the handler exactly once per request,
 * malformed ones included (then `defect` says why and most of `request` is empty).
 *
 * The handler calls at most one of `answer` and `stream`, once; or `drop`. Never throws, never rejects.
 */
export interface Exchange {
  readonly request: ApiRequest
  /** Why the strict gate refuses this request before any stage sees it; null for a well-formed one. */
  readonly defect: Refusal | null
  /** Set as soon as the client is known to be gone. */
  readonly aborted: boolean
  /** Body bytes received from the client so far. */
  readonly bodyBytesRead: number
  /** Resolves when the answer was handed over, or the client left or stalled longer than `clientIdleMs`. */
  answer(answer: Answer): Promise<Delivery>
  /**
   * At most once, before `forward`, which then sends these bytes: the client's whole body up to `bytesMax`, or that it is larger.
   * The client is told to continue. The time for it is that of the connection's limits.
   */
  readBody(bytesMax: number): Promise<BodyRead>
  /**
   * Once, and once more after each failure that says `again`; otherwise a second call fails with `internal_error`. Each call is
   * an attempt of its own: nothing of a failed one comes later, and what `answer` and `stream` see is the last one. The time that
   * a request has is in the plan; the client is told to continue once.
   *
   * The client's body is awaited up to 64 KiB before a connection is taken; what is larger is streamed with
   * back-pressure, and one client address streams on half of an upstream's connections at most.
   */
  forward(plan: ForwardPlan): Promise<UpstreamReply | ForwardFailure>
  /**
   * Sends the head and the held part of an incomplete reply, then the rest as it arrives, with back-pressure. A failing
   * upstream after the head ends in a closed connection: the framing stays incomplete, so no client can take it for whole.
   */
  stream(head: { readonly status: number; readonly headers: Headers }): Promise<StreamEnd>
  /** Ends the connection without one byte, and the upstream's side too. */
  drop(): void
}

/** What the handler is for the engine. Must settle for each exchange; a rejection is a defect of ours and drops the connection. */
export type Handler = (exchange: Exchange) => Promise<void>

/** An address that is listened on. */
export interface Bound {
  readonly host: string
  readonly port: number
  /** By TLS. */
  readonly isSecure: boolean
}

/** A running listener set. */
export interface Engine extends AsyncDisposable {
  /** The bound addresses, useful when port 0 was asked for. */
  readonly addresses: readonly Bound[]
  /** Connections open now. */
  readonly connections: number
  /** Stops accepting, answers `connection: close`, resolves when idle or after `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>
}

/** Names the client behind a connection: see `Peer.clientIp`. */
export type ClientOf = (address: string, port: number, headers: Headers) => Peer

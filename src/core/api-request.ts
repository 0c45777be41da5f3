import type { Headers } from './headers.ts'
import type { ConnectionTls } from './tls.ts'

/** Where a request came from. */
export interface Peer {
  /** The address of the other end of the connection, IPv4-mapped IPv6 unwrapped. */
  readonly address: string
  readonly port: number
  /** The caller's address: the peer's own, or what a trusted hop said (walked right to left, first untrusted one wins). */
  readonly clientIp: string
  /** The trusted hop that named the client, or null when the peer is the client. */
  readonly trustedHop: string | null
}

/** One request after the strict gate: parsed, canonical, free of any server's types. */
export interface ApiRequest {
  /** 32 lower-case hex digits, random; also the trace id when the caller sent none. */
  readonly id: string
  /** W3C trace id (32 hex) and the span id that the upstream sees as its parent (16 hex). */
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: string
  readonly receivedAtMs: number
  /** `Clock.monotonicMs` when the head was complete. */
  readonly startedMs: number
  readonly scheme: 'http' | 'https'
  /** Null for a connection without TLS. */
  readonly tls: ConnectionTls | null
  readonly protocol: string
  readonly method: string
  /** Host without port, lower case; '' when it could not be known. */
  readonly host: string
  /** The authority as the caller sent it, lower case, with port if there was one. */
  readonly authority: string
  /** The canonical path: what is routed, authorized, recorded and forwarded. Begins with '/'; '' when unusable. */
  readonly path: string
  /** Without '?'; '' when absent. */
  readonly query: string
  readonly headers: Headers
  readonly peer: Peer
  /** The declared length, `null` for a chunked body, 0 for none. */
  readonly bodyBytes: number | null
  /** Bytes of the request head as received, an estimate where the server does not tell. */
  readonly headBytes: number
}

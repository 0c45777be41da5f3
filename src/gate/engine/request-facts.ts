import type { ApiRequest, ConnectionTls, Peer } from '../../core/mod.ts'
import type { EngineCore } from './engine-core.ts'
import type { ExaminedHead } from './strict-gate.ts'
import { parseTraceParent } from './trace-context.ts'

/** A request in the words of the rest of the gateway. */
export function describeRequest(
  core: EngineCore,
  head: { readonly method: string; readonly httpVersion: string },
  { examined, peer, tls }: { examined: ExaminedHead; peer: Peer; tls: ConnectionTls | null },
): ApiRequest {
  const id = core.ids.requestId()
  const trace = examined.traceparent === null ? null : parseTraceParent(examined.traceparent)
  return {
    id,
    traceId: trace === null ? id : trace.traceId,
    spanId: core.ids.spanId(),
    // Recorded here in any case, which is what the flag of a new trace says.
    traceFlags: trace === null ? '01' : trace.flags,
    receivedAtMs: core.clock.wallMs(),
    startedMs: core.clock.monotonicMs(),
    scheme: tls === null ? 'http' : 'https',
    tls,
    protocol: head.httpVersion === '1.1' ? 'HTTP/1.1' : `HTTP/${head.httpVersion}`,
    method: head.method,
    host: examined.host,
    authority: examined.authority,
    path: examined.path,
    query: examined.query,
    headers: examined.headers,
    peer,
    bodyBytes: examined.bodyBytes,
    headBytes: examined.headBytes,
  }
}

/** The caller's place in a distributed trace. */
export interface TraceParent {
  /** 32 hex digits, not all zero. */
  readonly traceId: string
  /** 2 hex digits. */
  readonly flags: string
}

/** Reads a `traceparent` field (W3C Trace Context, version 00); null for anything else, which then counts as absent. */
export function parseTraceParent(value: string): TraceParent | null {
  const [, traceId, parentId, flags] = form.exec(value) ?? []
  if (traceId === undefined || parentId === undefined || flags === undefined) return null
  return isZero.test(traceId) || isZero.test(parentId) ? null : { traceId, flags }
}

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
const isZero = /^0+$/

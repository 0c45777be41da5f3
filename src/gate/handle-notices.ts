import { type Headers, headerValue, type Principal } from '../core/mod.ts'

const none: Headers = []

/**
 * Fields for the holder of a key that was rotated: since when it should not be used any more (`Deprecation`, RFC 9745) and when
 * it will stop to work (`Sunset`, RFC 8594). Whoever is refused for something else is told too.
 */
export function keyNotices(principal: Principal): Headers {
  if (principal.kind === 'anonymous' || principal.deprecation === null) return none
  const { atMs, sunsetMs } = principal.deprecation
  return ['deprecation', `@${Math.floor(atMs / 1000)}`, 'sunset', new Date(sunsetMs).toUTCString()]
}

/** The notices that the upstream's answer leaves room for: what it says of its own resource stands, and each field stands once. */
export function noticesBeside(answered: Headers, notices: Headers): Headers {
  if (notices.length === 0) return none
  return headerValue(answered, 'deprecation') === null && headerValue(answered, 'sunset') === null ? notices : none
}

import { type AccessEvent, reasons } from '../../core/mod.ts'

/**
 * How an authentication failed: `sign-in`: the API behind refused a name and a password, or we did, because there were too
 * many; `key`: we refused a credential.
 */
export type FailureKind = 'sign-in' | 'key'

/** How this request's authentication failed; null when it did not. */
export function failureOf(event: AccessEvent, isSignIn: boolean): FailureKind | null {
  if (isSignIn && event.outcome === 'served' && (event.status === 401 || event.status === 403)) return 'sign-in'
  const reason = event.reason ?? event.wouldRefuse
  // Otherwise a limit that holds an attack down would hide it.
  if (isSignIn && event.reason === 'quota_exceeded') return 'sign-in'
  if (reason === null || reasons[reason]?.status !== 401) return null
  // While an API is only observed, nobody has been given keys yet.
  return reason === 'credential_missing' && event.mode === 'observe' ? null : 'key'
}

const signInPath =
  /(?:^|[/_-])(?:log-?in|sign-?in|log-?on|sessions?|authenticate|auth|token|otp|mfa|2fa|password(?:[_-]?reset)?)(?:\/|$)/i

/** Says of an event whether it is an attempt to sign in at the API behind: a POST on a path that says so. */
export function createSignIns(): (event: AccessEvent) => boolean {
  const known = new Map<string, boolean>()
  return ({ method, route, path }) => {
    if (method !== 'POST') return false
    const text = route === null || route.includes('{rest') ? path : route
    const before = known.get(text)
    if (before !== undefined) return before
    if (known.size >= pathsMax) known.clear()
    const is = signInPath.test(text)
    known.set(text, is)
    return is
  }
}

const pathsMax = 10_000

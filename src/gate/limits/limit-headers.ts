/**
 * The fields of draft-ietf-httpapi-ratelimit-headers, as structured fields (RFC 9651): `RateLimit-Policy: "name";q=100;w=60`
 * and `RateLimit: "name";r=50;t=30`, one member per limit.
 */
import type { LimitPolicy } from '../../core/mod.ts'
import type { Taken } from './counter-store.ts'

/** A policy's name as a structured-field string; what such a string cannot hold is percent-encoded. */
export function fieldName(name: string): string {
  const ascii = name.toWellFormed().replaceAll(/[^\u0020-\u007e]/gu, (char) => encodeURIComponent(char))
  return `"${ascii.replaceAll(/["\\]/g, (char) => `\\${char}`)}"`
}

/** The member of `RateLimit-Policy`; a window that is no whole number of seconds is told as the next longer one. */
export function policyMember({ name, limit, windowMs }: LimitPolicy): string {
  return `${fieldName(name)};q=${limit};w=${Math.ceil(windowMs / 1000)}`
}

/** The member of `RateLimit`: what remains, and the seconds until more remains, rounded up. */
export function stateMember(quotedName: string, limit: number, { used, resetMs, full }: Taken): string {
  const remaining = full ? 0 : Math.max(0, limit - used)
  return `${quotedName};r=${remaining};t=${Math.ceil(resetMs / 1000)}`
}

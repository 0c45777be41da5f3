import type { Principal } from '../../core/mod.ts'

/** A token that was found right. */
export interface ProvenToken {
  readonly principal: Principal
  /** SHA-256 (base64url) of the certificate that the caller must hold the key of; null where none is named. */
  readonly certificate: string | null
  /** Until when it may be believed without being looked at again; wall time. */
  readonly untilMs: number
}

/** Most tokens that one thread remembers. */
export const provenMax = 10_000

/** Remembers tokens by a hash of them; the one that came first goes first. */
export interface TokenCache {
  get(hash: string, nowMs: number): ProvenToken | null
  put(hash: string, token: ProvenToken): void
  clear(): void
}

export function createTokenCache(): TokenCache {
  const proven = new Map<string, ProvenToken>()
  return {
    get: (hash, nowMs) => {
      const found = proven.get(hash)
      if (found === undefined) return null
      if (found.untilMs > nowMs) return found
      proven.delete(hash)
      return null
    },
    put: (hash, token) => {
      const [oldest] = proven.keys()
      if (proven.size >= provenMax && oldest !== undefined) proven.delete(oldest)
      proven.set(hash, token)
    },
    clear: () => proven.clear(),
  }
}

import type { Snapshot, SnapshotChange } from '../core/mod.ts'
import {
  type Authenticator,
  createApiKeyAuthenticator,
  createCertificateAuthenticator,
  createTokenAuthenticator,
  type IssuerKeys,
  type KeyAnswer,
} from '../gate/identity/mod.ts'

export interface ThreadIdentityOptions {
  readonly pepper: Uint8Array
  readonly snapshot: Snapshot
  readonly issuerKeys: readonly IssuerKeys[]
  /** Asks main for a key. */
  readonly ask: (issuer: string, kid: string, ask: number) => void
}

/** All ways in which callers of one thread prove who they are. */
export interface ThreadIdentity {
  /** In the order in which they are asked: what would be ambiguous beside another must be seen first. */
  readonly authenticators: readonly Authenticator[]
  apply(snapshot: Snapshot): void
  change(change: SnapshotChange): void
  keys(issuerKeys: readonly IssuerKeys[]): void
  /** Main's answer to what was asked. */
  answer(ask: number, answer: KeyAnswer): void
}

/** Longer than main asks an issuer: discovery and keys, each within its deadline. */
const answerMs = 8_000

export function openThreadIdentity({ pepper, snapshot, issuerKeys, ask }: ThreadIdentityOptions): ThreadIdentity {
  const waiting = new Map<number, (answer: KeyAnswer) => void>()
  let asked = 0
  const wantKey = async (issuer: string, kid: string): Promise<KeyAnswer> => {
    const { promise, resolve } = Promise.withResolvers<KeyAnswer>()
    const number = ++asked
    waiting.set(number, resolve)
    const timer = setTimeout(() => resolve('unavailable'), answerMs)
    ask(issuer, kid, number)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      waiting.delete(number)
    }
  }
  const apiKeys = createApiKeyAuthenticator({ pepper, snapshot })
  const tokens = createTokenAuthenticator({ rules: snapshot, issuerKeys, wantKey })
  const certificates = createCertificateAuthenticator(snapshot)
  return {
    authenticators: [tokens, apiKeys, certificates],
    apply: (next) => {
      apiKeys.apply(next)
      tokens.apply(next)
      certificates.apply(next)
    },
    change: (change) => {
      apiKeys.change(change)
      tokens.change(change)
      certificates.change(change)
    },
    keys: (next) => tokens.keys(next),
    answer: (number, answer) => waiting.get(number)?.(answer),
  }
}

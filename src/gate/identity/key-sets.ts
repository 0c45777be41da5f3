import { type Clock, messageOf, type TokenIssuer } from '../../core/mod.ts'
import type { IssuerKeys, KeyAnswer, KeySet } from './key-set.ts'
import type { KeySource } from './key-source.ts'

/** A set of keys, and when it came: what is kept for a start while the issuer cannot be reached. */
export interface KeptKeys {
  /** What `iss` is: a set serves no other issuer that takes over the name. */
  readonly issuer: string
  readonly keys: KeySet
  /** Wall time, ms. */
  readonly fetchedAtMs: number
}

export interface KeySetsOptions {
  readonly source: KeySource
  readonly clock: Clock
  /** From 0 to 1: spreads the times at which issuers are asked. */
  readonly random: () => number
  /** By the issuer's name, from the last run. */
  readonly kept: ReadonlyMap<string, KeptKeys>
  /** Called when what is known has changed. */
  readonly onChange: () => void
  /** Called when an issuer first fails, and when it has failed for long. */
  readonly onProblem: (name: string, why: string, failingMs: number) => void
}

/** The keys of all issuers, kept fresh. Lives in one thread of a process; the others are told. */
export interface KeySets {
  configure(issuers: readonly TokenIssuer[]): void
  known(): readonly IssuerKeys[]
  kept(): ReadonlyMap<string, KeptKeys>
  /**
   * Finds a key that is not known yet, by asking its issuer once if that may help. `unknown`: the issuer has no such key.
   * `unavailable`: nobody can say. Settles within the deadline of one round of questions.
   */
  want(name: string, kid: string): Promise<KeyAnswer>
  /** To be called about each second. */
  tick(): void
}

/** Sets are asked for again after what the issuer says, within these. */
export const freshMsMin = 30_000
export const freshMsMax = 600_000
/** A failing issuer is asked again after a time that doubles between these. */
export const retryMsMin = 1_000
export const retryMsMax = 300_000
/** An unknown key is asked for at most so often; in between it stays unknown. */
export const unknownMs = 30_000
/** A set of an issuer that cannot be reached is used for so long. */
export const staleMsMax = 86_400_000
/** An issuer that fails for so long is told of once more. */
export const failingMs = 900_000
/** Unknown keys that are remembered for each issuer. */
const unknownMax = 1_000

/** See `KeySets`. */
export function openKeySets(options: KeySetsOptions): KeySets {
  const states = new Map<string, IssuerState>()
  return {
    configure: (issuers) => {
      const wanted = new Map(issuers.map((issuer) => [issuer.name, issuer]))
      for (const name of states.keys()) if (!wanted.has(name)) states.delete(name)
      for (const issuer of issuers) {
        const state = states.get(issuer.name)
        if (state?.isFor(issuer) === true) state.issuer = issuer
        else states.set(issuer.name, new IssuerState(issuer, options))
      }
      options.onChange()
    },
    known: () => [...states].map(([name, { kept }]) => ({ name, keys: kept?.keys ?? null })),
    kept: () => new Map([...states].flatMap(([name, { kept }]) => (kept === null ? [] : [[name, kept] as const]))),
    want: async (name, kid) => (await states.get(name)?.want(kid)) ?? 'unavailable',
    tick: () => {
      for (const state of states.values()) state.tick()
    },
  }
}

class IssuerState {
  issuer: TokenIssuer
  kept: KeptKeys | null
  readonly #options: KeySetsOptions
  /** Monotonic, as all times here but that of `kept`. */
  #nextMs: number
  #failures = 0
  #failingSinceMs = 0
  #isTold = false
  #askedForUnknownMs = Number.NEGATIVE_INFINITY
  readonly #unknown = new Map<string, number>()
  #fetching: Promise<boolean> | null = null

  constructor(issuer: TokenIssuer, options: KeySetsOptions) {
    const kept = options.kept.get(issuer.name)
    this.issuer = issuer
    this.kept = kept?.issuer === issuer.issuer ? kept : null
    this.#options = options
    this.#nextMs = options.clock.monotonicMs()
  }

  /** False: another issuer, or another place of its keys; then nothing that is known counts. */
  isFor({ issuer, jwksUrl }: TokenIssuer): boolean {
    return this.issuer.issuer === issuer && this.issuer.jwksUrl === jwksUrl
  }

  tick(): void {
    const { clock, onChange, onProblem } = this.#options
    if (this.kept !== null && clock.wallMs() - this.kept.fetchedAtMs > staleMsMax) {
      this.kept = null
      onChange()
    }
    const nowMs = clock.monotonicMs()
    if (this.#failures > 0 && !this.#isTold && nowMs - this.#failingSinceMs >= failingMs) {
      this.#isTold = true
      onProblem(this.issuer.name, 'its keys could not be had for 15 minutes', nowMs - this.#failingSinceMs)
    }
    if (this.#fetching === null && nowMs >= this.#nextMs) void this.#fetch()
  }

  async want(kid: string): Promise<KeyAnswer> {
    if (this.#has(kid)) return 'known'
    const nowMs = this.#options.clock.monotonicMs()
    if ((this.#unknown.get(kid) ?? 0) > nowMs) return 'unknown'
    if (this.#fetching === null) {
      // What came after the last question for an unknown key is as good as what would come now.
      if (this.#failures === 0 && nowMs - this.#askedForUnknownMs < unknownMs) return this.#noteUnknown(kid)
      if (this.#failures > 0 && nowMs < this.#nextMs) return 'unavailable'
      this.#askedForUnknownMs = nowMs
    }
    const isFetched = await (this.#fetching ?? this.#fetch())
    if (this.#has(kid)) return 'known'
    return isFetched ? this.#noteUnknown(kid) : 'unavailable'
  }

  #has(kid: string): boolean {
    return this.kept?.keys.some((key) => key.kid === kid) === true
  }

  #noteUnknown(kid: string): 'unknown' {
    const [oldest] = this.#unknown.keys()
    if (this.#unknown.size >= unknownMax && oldest !== undefined) this.#unknown.delete(oldest)
    this.#unknown.set(kid, this.#options.clock.monotonicMs() + unknownMs)
    return 'unknown'
  }

  /** One at a time. A set that came holds at once; a failure leaves the last good one. */
  #fetch(): Promise<boolean> {
    const asked = this.#ask().finally(() => {
      this.#fetching = null
    })
    this.#fetching = asked
    return asked
  }

  async #ask(): Promise<boolean> {
    const { source, clock, random, onChange } = this.#options
    const { issuer } = this
    try {
      const { keys, freshMs } = await source.fetch(issuer)
      const waitMs = Math.min(Math.max(freshMs ?? freshMsMax, freshMsMin), freshMsMax)
      this.#nextMs = clock.monotonicMs() + waitMs * (0.9 + 0.1 * random())
      this.#failures = 0
      this.#isTold = false
      const isNew = JSON.stringify(keys) !== JSON.stringify(this.kept?.keys)
      this.kept = { issuer: issuer.issuer, keys: isNew ? keys : (this.kept?.keys ?? keys), fetchedAtMs: clock.wallMs() }
      if (isNew) onChange()
      return true
    } catch (error) {
      this.#failed(messageOf(error))
      return false
    }
  }

  #failed(why: string): void {
    const { clock, random, onProblem } = this.#options
    const nowMs = clock.monotonicMs()
    if (this.#failures === 0) {
      this.#failingSinceMs = nowMs
      onProblem(this.issuer.name, why, 0)
    }
    const waitMs = Math.min(retryMsMin * 2 ** this.#failures, retryMsMax)
    this.#failures++
    this.#nextMs = nowMs + waitMs * (0.5 + 0.5 * random())
  }
}

import type { AccessEvent, Finding } from '../../core/mod.ts'

/** Where and when an event stands. */
export interface EventPlace {
  /** Its place in the access log. */
  readonly seq: number
  /** The time that detectors reckon by, ms; see `eventTimeMs`. */
  readonly timeMs: number
}

/**
 * Looks at terminal records, one after the other, and finds. Deterministic: the same records from the same state give the
 * same findings, so that a restart, a replay over the past and the live view agree. State is bounded: beyond its bound the
 * stalest actors go first, and are counted.
 *
 * Never throws, whatever an event says. Belongs to one thread.
 */
export interface Detector {
  readonly name: string
  /** New findings, and those that went on: the same id, higher counts. Mostly none. */
  observe(event: AccessEvent, place: EventPlace): readonly Finding[]
  /** What went on since it was told last; to be called every few seconds. */
  flush(): readonly Finding[]
  /** Everything it knows, as JSON keeps it. */
  snapshot(): unknown
  /** Takes over what `snapshot` gave; anything else begins anew. */
  restore(state: unknown): void
  /** Actors that were forgotten for want of room. */
  readonly evicted: number
}

/** What every detector is given. */
export interface DetectorOptions {
  /** A keyed hash; ids of findings stand where everybody may see them. */
  readonly tag: (text: string) => string
  /** Actors that one detector remembers. @default 100,000 */
  readonly actorsMax?: number
}

/** Actors that one detector remembers unless told otherwise. */
export const actorsMaxDefault = 100_000

/** So many in any window of this length. */
export interface Bound {
  readonly limit: number
  readonly windowMs: number
}

/** What is found nothing of costs nothing. */
export const nothing: readonly Finding[] = []

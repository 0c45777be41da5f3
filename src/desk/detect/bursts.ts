import type { Evidence } from '../../core/mod.ts'
import { type Actors, createActors } from './actors.ts'
import type { Bound } from './detector.ts'

/** One thing that happened. */
export interface BurstEntry {
  readonly timeMs: number
  readonly seq: number
  readonly requestId: string
  /** Who of the group: one address of a network, one key of a consumer. */
  readonly member: string
  /** What else tells entries apart; see each detector. */
  readonly mark: string
  /** `api route`, '' where there is none. */
  readonly route: string
}

/** A time in which the bound was reached again and again. */
export interface Episode {
  readonly firstSeq: number
  readonly firstSeenMs: number
  /** The route of all that began it; null when there were several. */
  readonly route: string | null
  lastSeenMs: number
  count: number
  /** When the bound was last reached. */
  crossedMs: number
  /** Entries by member; beyond `membersMax` they go uncounted. */
  readonly members: Record<string, number>
  readonly evidence: Evidence[]
  /** Good ends after bad ones. */
  successes: number
  /** What the detector makes of it, once; '' before. */
  label: string
  /** What was told last. */
  toldCount: number
  toldMs: number
}

/** What is known of one group. */
export interface Burst {
  /** By time, the newest `limit` at most: whether the bound is reached shows in them alone. */
  readonly entries: BurstEntry[]
  episode: Episode | null
}

export interface BurstRule extends Bound {
  /** An episode is over when the bound was not reached for so long. */
  readonly quietMs: number
  /** Entries with the same mark count once in a window. @default false */
  readonly distinct?: boolean
  readonly actorsMax: number
}

/** What a new entry came to: `began` and `grew` are to be told, `quiet` is not. */
export type BurstStep = 'quiet' | 'began' | 'grew'

/** Exact sliding windows for many groups, and their episodes. */
export interface Bursts {
  /** `mayBegin` is asked when the bound is reached, before an episode begins. */
  push(key: string, entry: BurstEntry, mayBegin?: (burst: Burst) => boolean): BurstStep
  get(key: string): Burst | undefined
  /** Groups whose episode has grown since it was told, and takes them as told. */
  untold(): readonly string[]
  snapshot(): unknown
  restore(state: unknown): void
  readonly evicted: number
}

const evidenceMax = 20
const membersMax = 50
/** An episode that goes on is told again after so long, event time. */
const tellAgainMs = 60_000

export function createBursts(rule: BurstRule): Bursts {
  let actors = emptyActors(rule)
  const growing = new Set<string>()
  return {
    push: (key, entry, mayBegin) => {
      const known = actors.get(key)
      const burst = known ?? { entries: [], episode: null }
      if (known === undefined) actors.add(key, burst, entry.timeMs)
      else actors.touch(key, burst)
      const made = step(burst, entry, { rule, mayBegin: mayBegin ?? always })
      if (burst.episode !== null && made === 'quiet') growing.add(key)
      return made
    },
    get: (key) => actors.get(key),
    untold: () => {
      const keys = [...growing].filter((key) => tellNow(actors.get(key)?.episode ?? null))
      growing.clear()
      return keys
    },
    snapshot: () => [...actors.entries()],
    restore: (state) => {
      actors = emptyActors(rule)
      // Our own snapshot, out of a sealed store.
      for (const [key, burst] of Array.isArray(state) ? (state as [string, Burst][]) : [])
        actors.add(key, burst, burst.entries.at(-1)?.timeMs ?? 0)
    },
    get evicted() {
      return actors.evicted
    },
  }
}

const always = (): boolean => true

function emptyActors({ actorsMax, windowMs, quietMs }: BurstRule): Actors<Burst> {
  const rememberMs = Math.max(windowMs, quietMs) + windowMs
  return createActors<Burst>(actorsMax, ({ entries, episode }, nowMs) => {
    const isStale = (entries.at(-1)?.timeMs ?? 0) < nowMs - rememberMs
    // Not before its last count was told.
    return isStale && (episode === null || episode.count <= episode.toldCount)
  })
}

interface StepParts {
  readonly rule: BurstRule
  readonly mayBegin: (burst: Burst) => boolean
}

function step(burst: Burst, entry: BurstEntry, { rule, mayBegin }: StepParts): BurstStep {
  const isNew = insert(burst.entries, entry, rule)
  const reached = isNew && isReached(burst.entries, rule)
  const { episode } = burst
  if (episode !== null && entry.timeMs - episode.crossedMs > rule.quietMs) burst.episode = null
  if (burst.episode === null) {
    if (!reached || !mayBegin(burst)) return 'quiet'
    burst.episode = beginEpisode(burst.entries, rule)
    return 'began'
  }
  if (!isNew) return 'quiet'
  grow(burst.episode, entry)
  if (reached) burst.episode.crossedMs = Math.max(burst.episode.crossedMs, entry.timeMs)
  return isWorthTelling(burst.episode, entry) ? 'grew' : 'quiet'
}

/** Keeps the entries in the order of their times; false for one that its window holds already. */
function insert(entries: BurstEntry[], entry: BurstEntry, { limit, windowMs, distinct = false }: BurstRule): boolean {
  let isNew = true
  const same = distinct ? entries.findIndex(({ mark }) => mark === entry.mark) : -1
  if (same >= 0) {
    const knownMs = entries[same]?.timeMs ?? 0
    if (knownMs >= entry.timeMs) return false
    isNew = knownMs <= entry.timeMs - windowMs
    entries.splice(same, 1)
  }
  let at = entries.length
  while (at > 0 && (entries[at - 1]?.timeMs ?? 0) > entry.timeMs) at--
  entries.splice(at, 0, entry)
  if (entries.length > limit) entries.shift()
  return isNew
}

/** The window ends with the newest entry and is open at its start. */
function isReached(entries: readonly BurstEntry[], { limit, windowMs }: Bound): boolean {
  const [oldest, newest] = [entries[0], entries.at(-1)]
  if (entries.length < limit || oldest === undefined || newest === undefined) return false
  return newest.timeMs - oldest.timeMs < windowMs
}

function beginEpisode(entries: readonly BurstEntry[], { limit }: Bound): Episode {
  const [first = nowhere] = entries
  const episode: Episode = {
    firstSeq: first.seq,
    firstSeenMs: first.timeMs,
    route: entries.every(({ route }) => route === first.route) ? first.route : null,
    lastSeenMs: first.timeMs,
    count: 0,
    crossedMs: entries.at(-1)?.timeMs ?? first.timeMs,
    members: {},
    evidence: [],
    successes: 0,
    label: '',
    toldCount: limit,
    toldMs: 0,
  }
  for (const entry of entries) grow(episode, entry)
  episode.toldMs = episode.lastSeenMs
  return episode
}

const nowhere: BurstEntry = { timeMs: 0, seq: 0, requestId: '', member: '', mark: '', route: '' }

function grow(episode: Episode, { timeMs, seq, requestId, member }: BurstEntry): void {
  episode.lastSeenMs = Math.max(episode.lastSeenMs, timeMs)
  const known = episode.members[member]
  if (known !== undefined || Object.keys(episode.members).length < membersMax)
    episode.members[member] = (known ?? 0) + 1
  addEvidence(episode, { seq, requestId })
  episode.count++
}

/** The first ten stay, the others make room for what comes. */
export function addEvidence(episode: Episode, place: Evidence): void {
  const half = evidenceMax / 2
  if (episode.evidence.length >= evidenceMax) episode.evidence.splice(half, 1)
  episode.evidence.push(place)
}

/** Twice as much as was told, or another minute of it. */
function isWorthTelling(episode: Episode, entry: BurstEntry): boolean {
  const goesOn = entry.timeMs - episode.toldMs >= tellAgainMs && episode.crossedMs >= episode.toldMs
  if (episode.count < episode.toldCount * 2 && !goesOn) return false
  episode.toldCount = episode.count
  episode.toldMs = entry.timeMs
  return true
}

/** False when there is nothing new to tell. */
function tellNow(episode: Episode | null): boolean {
  if (episode === null || episode.count <= episode.toldCount) return false
  episode.toldCount = episode.count
  episode.toldMs = episode.lastSeenMs
  return true
}

/** The member to whom at least nine of ten entries belong; null when there is none. */
export function mainMember({ members, count }: Episode): string | null {
  for (const [member, of] of Object.entries(members)) if (of >= count * 0.9) return member
  return null
}

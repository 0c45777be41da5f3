/** How often something came, and where: the first few places in the log. */
export interface Counted {
  count: number
  /** Sequence numbers of the first records, at most `placesMax`. */
  readonly places: number[]
}

/** Places kept of each thing that is counted. */
export const placesMax = 5

/** Things told apart by one tally; what comes after that many is counted together. */
export const tallyKeysMax = 50_000

/** Counts by key, with a bound: the first `keysMax` different keys are told apart. The same records give the same tally. */
export interface Tally {
  add(key: string, seq: number): void
  /** The most frequent first, equal ones by key. */
  ranked(): (Counted & { readonly key: string })[]
  get(key: string): Counted | undefined
  has(key: string): boolean
  readonly keys: number
  readonly total: number
  /** Counted, but not told apart. */
  readonly beyond: number
}

export function openTally(keysMax: number = tallyKeysMax): Tally {
  const counts = new Map<string, Counted>()
  let [total, beyond] = [0, 0]
  return {
    add: (key, seq) => {
      total++
      const known = counts.get(key)
      if (known !== undefined) {
        known.count++
        if (known.places.length < placesMax) known.places.push(seq)
      } else if (counts.size < keysMax) counts.set(key, { count: 1, places: [seq] })
      else beyond++
    },
    ranked: () =>
      [...counts]
        .map(([key, counted]) => ({ key, ...counted }))
        .toSorted((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1)),
    get: (key) => counts.get(key),
    has: (key) => counts.has(key),
    get keys() {
      return counts.size
    },
    get total() {
      return total
    },
    get beyond() {
      return beyond
    },
  }
}

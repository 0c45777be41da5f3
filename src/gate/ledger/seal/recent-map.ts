/**
 * A bounded map that forgets what was not asked for lately: two generations, of which the older is dropped when the younger is
 * full. Costs one look-up where an exact order of use would cost a deletion and an insertion for each hit.
 */
export class RecentMap<K, V> {
  readonly #youngMax: number
  #young = new Map<K, V>()
  #old = new Map<K, V>()

  constructor(entriesMax: number) {
    this.#youngMax = Math.ceil(entriesMax / 2)
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: K, value: V): void {
    this.#young.set(key, value)
    this.#old.delete(key)
    if (this.#young.size < this.#youngMax) return
    this.#old = this.#young
    this.#young = new Map()
  }

  /** Forgets the entries for which this holds; says how many there were. */
  deleteWhere(holds: (value: V, key: K) => boolean): number {
    let count = 0
    for (const generation of [this.#young, this.#old]) {
      for (const [key, value] of generation) {
        if (!holds(value, key)) continue
        generation.delete(key)
        count++
      }
    }
    return count
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }
}

import type { AddressWords } from './address-words.ts'

/** What is kept of networks of one family, found by the longest network that holds an address. */
export interface PrefixTable<T> {
  /** The value of a network, made by `create` when it is the first of its kind. Bits behind the length are ignored. */
  at(words: AddressWords, bits: number, create: () => T): T
  /** Shows what is kept of each network that holds the address, the longest first, until `take` answers. */
  visit<R>(words: AddressWords, take: (value: T) => R | null): R | null
}

interface Entry<T> {
  readonly words: AddressWords
  readonly value: T
}

/** Networks of one length, by a hash of their words. */
interface Level<T> {
  readonly bits: number
  readonly entries: Map<number, Entry<T>[]>
}

/** An empty table. A look costs one step for each length that is there, however many networks it holds. */
export function createPrefixTable<T>(): PrefixTable<T> {
  const levels: Level<T>[] = []
  const levelOf = (bits: number): Level<T> => {
    const found = levels.find((level) => level.bits === bits)
    if (found !== undefined) return found
    const level: Level<T> = { bits, entries: new Map() }
    levels.push(level)
    levels.sort((a, b) => b.bits - a.bits)
    return level
  }
  return {
    at: (words, bits, create) => {
      const { entries } = levelOf(bits)
      const key = hashOf(words, bits)
      const bucket = entries.get(key) ?? []
      const found = bucket.find((entry) => isWithin(words, entry.words, bits))
      if (found !== undefined) return found.value
      const value = create()
      entries.set(key, [...bucket, { words, value }])
      return value
    },
    visit: (words, take) => {
      for (const { bits, entries } of levels) {
        const bucket = entries.get(hashOf(words, bits))
        if (bucket === undefined) continue
        for (const entry of bucket) {
          const answer = isWithin(words, entry.words, bits) ? take(entry.value) : null
          if (answer !== null) return answer
        }
      }
      return null
    },
  }
}

/** Of the first `bits` bits; whoever sets rules chooses the networks, so that nobody else can make them collide. */
function hashOf(words: AddressWords, bits: number): number {
  let hash = 0
  for (let i = 0; i * 32 < bits; i++) {
    hash = Math.imul(hash ^ maskedAt(words, i, bits), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return hash
}

function isWithin(words: AddressWords, network: AddressWords, bits: number): boolean {
  for (let i = 0; i * 32 < bits; i++) if (maskedAt(words, i, bits) !== maskedAt(network, i, bits)) return false
  return true
}

/** A word, of which only the bits of the network are left. Shifts take their count modulo 32, hence the look at whole words. */
function maskedAt(words: AddressWords, i: number, bits: number): number {
  const rest = bits - i * 32
  const word = words[i] ?? 0
  return rest >= 32 ? word | 0 : word & (-1 << (32 - rest))
}

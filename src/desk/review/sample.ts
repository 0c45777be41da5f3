import type { AccessEvent } from '../../core/mod.ts'
import { concatBytes, encodeUtf8, sha256 } from '../../tlog/mod.ts'
import type { Stratum, StratumName } from './results.ts'

/**
 * How the sample is drawn, for whoever repeats it; part of every export.
 *
 * Nobody chooses: the seed comes from the root of the ledger at the end of the period, which is fixed before anybody can know
 * what it will be.
 */
export const samplingText = `Each terminal record of the range belongs to one stratum, the first of these that fits: errors (outcome failed or aborted, or status 500 and above), refused (outcome refused), privileged (a method other than GET, HEAD and OPTIONS), ordinary.
seed = SHA-256(root || name of the plan || LF || label of the period), where root is the 32 bytes of the root of the tree of the first 'to' records of the access log and texts are UTF-8.
The records of a stratum are numbered from 0 in the order of the log; there are n of them.
index_i = (first 8 bytes, big-endian, of SHA-256(seed || name of the stratum || LF || i in decimal)) mod n, for i = 0, 1, 2 …; an index that was drawn before is passed over, until as many are drawn as the stratum is given.
Of a sample of S records privileged is given 40 %, errors, refused and ordinary 20 % each, rounded down; what is left over, by rounding or because a stratum is smaller, goes in turn to privileged, errors, refused, ordinary.`

/** In the order in which leftovers are given out. */
export const strataInOrder: readonly StratumName[] = ['privileged', 'errors', 'refused', 'ordinary']

const shares: Readonly<Record<StratumName, number>> = { privileged: 40, errors: 20, refused: 20, ordinary: 20 }
const reading: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Where a terminal record belongs. */
export function stratumOf({
  outcome,
  status,
  method,
}: Pick<AccessEvent, 'outcome' | 'status' | 'method'>): StratumName {
  if (outcome === 'failed' || outcome === 'aborted' || status >= 500) return 'errors'
  if (outcome === 'refused') return 'refused'
  return reading.has(method) ? 'ordinary' : 'privileged'
}

/** What everything that is drawn follows from. */
export function seedOf(root: Uint8Array, plan: string, period: string): Uint8Array {
  return sha256(concatBytes([root, encodeUtf8(`${plan}\n${period}`)]))
}

/** How many records of each stratum are drawn; all of them where it has no more than that. */
export function allotted(sample: number, sizes: Readonly<Record<StratumName, number>>): Record<StratumName, number> {
  const given = { privileged: 0, errors: 0, refused: 0, ordinary: 0 }
  for (const name of strataInOrder) given[name] = Math.min(sizes[name], Math.floor((sample * shares[name]) / 100))
  const total = (): number => strataInOrder.reduce((sum, name) => sum + given[name], 0)
  for (let open = true; open && total() < sample;) {
    open = false
    for (const name of strataInOrder) {
      if (total() >= sample || given[name] >= sizes[name]) continue
      given[name]++
      open = true
    }
  }
  return given
}

/** Different indices below `size`, in the order in which they are drawn. */
export function drawn(
  seed: Uint8Array,
  stratum: StratumName,
  { size, count }: { size: number; count: number },
): number[] {
  const indices = new Set<number>()
  const wanted = Math.min(size, count)
  for (let i = 0; indices.size < wanted && i < drawsMax(size); i++) {
    const digest = sha256(concatBytes([seed, encodeUtf8(`${stratum}\n${i}`)]))
    const value = new DataView(digest.buffer, digest.byteOffset, 8).getBigUint64(0)
    indices.add(Number(value % BigInt(size)))
  }
  return [...indices]
}

/** A stratum with what a sample of it shows: 1 − 0.05^(1/k) is the share that k of many miss with a chance of 5 %. */
export function stratumWith(name: StratumName, size: number, count: number): Stratum {
  const seenPerMille = count === 0 ? 1000 : count >= size ? 0 : Math.ceil(1000 * (1 - 0.05 ** (1 / count)))
  return { name, size, drawn: count, seenPerMille }
}

/** Collecting all of `size` takes about size·ln(size) draws; this is far beyond what chance could need. */
function drawsMax(size: number): number {
  return 100 + 64 * size * Math.ceil(Math.log2(size + 2))
}

/** Which stratum each record of the range belongs to, one byte each, so that the k-th of a stratum can be found again. */
export interface StrataIndex {
  add(seq: number, stratum: StratumName): void
  readonly sizes: Readonly<Record<StratumName, number>>
  /** The sequence numbers of these members of a stratum, each in the place of its index. */
  places(stratum: StratumName, indices: readonly number[]): number[]
}

export function openStrataIndex(from: number, to: number): StrataIndex {
  const codes = new Uint8Array(Math.max(0, to - from))
  const sizes = { privileged: 0, errors: 0, refused: 0, ordinary: 0 }
  return {
    add: (seq, stratum) => {
      codes[seq - from] = 1 + strataInOrder.indexOf(stratum)
      sizes[stratum]++
    },
    sizes,
    places: (stratum, indices) => {
      const code = 1 + strataInOrder.indexOf(stratum)
      const wanted = new Map(indices.map((index, at) => [index, at]))
      const found: number[] = []
      for (let at = 0, member = 0; at < codes.length && wanted.size > 0; at++) {
        if (codes[at] !== code) continue
        const place = wanted.get(member)
        if (place !== undefined) found[place] = from + at
        wanted.delete(member++)
      }
      return found
    },
  }
}

import { TlogError } from './errors.ts'
import { assertHash } from './merkle.ts'
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8, formatDecimal, parseDecimal, quote } from './text.ts'

/** What a log asks a witness for (c2sp.org/tlog-witness): to cosign its checkpoint, which contains the tree of `oldSize`. */
export interface AddCheckpoint {
  /** Size of the tree that the witness cosigned last, 0 for none. */
  readonly oldSize: number
  /** The consistency proof from the old size; none from size 0. */
  readonly proof: readonly Uint8Array[]
  /** The signed checkpoint, as bytes: nothing is proven of it. */
  readonly note: Uint8Array
}

/** Most lines of a consistency proof, by the specification. */
export const consistencyLinesMax = 63

/** Parses the body of `add-checkpoint`; throws `malformed` for everything that `formatAddCheckpoint` would not write. */
export function parseAddCheckpoint(bytes: Uint8Array): AddCheckpoint {
  const whole = decodeUtf8(bytes)
  const split = whole.indexOf('\n\n')
  if (split === -1) throw new TlogError('malformed', 'No empty line stands between the proof and the checkpoint')
  const [first = '', ...lines] = whole.slice(0, split).split('\n')
  if (!first.startsWith('old ')) throw new TlogError('malformed', `Not the old size: ${quote(first)}`)
  if (lines.length > consistencyLinesMax)
    throw new TlogError('malformed', `The proof has ${lines.length} lines, more than ${consistencyLinesMax}`)
  const proof = lines.map((line) => {
    const hash = decodeBase64(line)
    assertHash(hash, 'A line of the proof')
    return hash
  })
  return { oldSize: parseDecimal(first.slice('old '.length)), proof, note: encodeUtf8(whole.slice(split + 2)) }
}

/** The inverse of `parseAddCheckpoint`. */
export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): Uint8Array {
  const lines = [`old ${formatDecimal(oldSize)}`, ...proof.map(encodeBase64)]
  return encodeUtf8(`${lines.join('\n')}\n\n${decodeUtf8(note)}`)
}

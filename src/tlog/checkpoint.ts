import { TlogError } from './errors.ts'
import { assertHash } from './merkle.ts'
import { openNote, type OpenedNote, type VerifySignature } from './signatures.ts'
import { decodeBase64, encodeBase64, formatDecimal, parseDecimal, quote } from './text.ts'
import type { VerifierKey } from './verifier-key.ts'

/** The state of a log that one signs: so many records, with this root (c2sp.org/tlog-checkpoint). */
export interface Checkpoint {
  /** Which log; one line, not empty. */
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
  /** Lines that others may add; ours never do. Kept, because they are signed, and without meaning here. */
  readonly extensions: readonly string[]
}

/** A checkpoint of which at least one trusted key has signed every byte. */
export interface SignedCheckpoint extends OpenedNote {
  readonly checkpoint: Checkpoint
}

/** Parses the text of a note; refuses everything that `formatCheckpoint` would not write. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.length < 3)
    throw new TlogError('malformed', 'A checkpoint has at least three whole lines')
  if (lines.includes('')) throw new TlogError('malformed', 'A checkpoint has no empty line')
  const [origin = '', size = '', encodedRoot = '', ...extensions] = lines
  const root = decodeBase64(encodedRoot)
  assertHash(root, 'The root')
  return { origin, size: parseDecimal(size), root, extensions }
}

/** The text to sign: origin, size, root and extension lines, each with its newline. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  assertHash(root, 'The root')
  for (const line of [origin, ...extensions]) {
    if (line === '' || line.includes('\n')) throw new TlogError('out_of_range', `Not one line: ${quote(line)}`)
  }
  return [origin, formatDecimal(size), encodeBase64(root), ...extensions].map((line) => `${line}\n`).join('')
}

/** Parses a signed checkpoint and proves its signatures; throws as `openNote` does. Whose log it is, is for the caller to compare. */
export async function openCheckpoint(
  bytes: Uint8Array,
  keys: readonly VerifierKey[],
  verify: VerifySignature,
): Promise<SignedCheckpoint> {
  const note = await openNote(bytes, keys, verify)
  return { ...note, checkpoint: parseCheckpoint(note.text) }
}

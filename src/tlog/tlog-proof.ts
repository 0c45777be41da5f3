import { openCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { TlogError } from './errors.ts'
import { assertHash, type Sha256 } from './merkle.ts'
import { noteBytesMax } from './note.ts'
import { verifyInclusion } from './proofs.ts'
import type { VerifySignature } from './signatures.ts'
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8, formatDecimal, parseDecimal, quote } from './text.ts'
import type { VerifierKey } from './verifier-key.ts'

/** A receipt that proves, without the log, that a record is in it (c2sp.org/tlog-proof). */
export interface TlogProof {
  /** Proven by nothing; we put the record itself here. Null when there is none. */
  readonly extra: Uint8Array | null
  readonly index: number
  /** From the leaf's sibling up. */
  readonly hashes: readonly Uint8Array[]
  /** The signed note, as it was. */
  readonly checkpoint: Uint8Array
}

/** Whom to believe, and how to check. */
export interface ProofTrust {
  readonly hash: Sha256
  readonly verify: VerifySignature
  /** Keys of the log; one of them must have signed. */
  readonly keys: readonly VerifierKey[]
  /** Keys of witnesses. @default none */
  readonly witnessKeys?: readonly VerifierKey[]
  /** How many of the witnesses must have signed. @default 0 */
  readonly witnessesMin?: number
  readonly origin: string
}

const headLine = 'c2sp.org/tlog-proof@v1'
const hashesMax = 63
/** A checkpoint, 63 hashes, and the longest entry as extra. */
const proofBytesMax = noteBytesMax + 131_072

/** Parses a proof; refuses everything that `formatTlogProof` would not write. The checkpoint stays unparsed until it is verified. */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  if (bytes.length > proofBytesMax)
    throw new TlogError('malformed', `A proof of ${bytes.length} bytes exceeds ${proofBytesMax}`)
  const text = decodeUtf8(bytes)
  // The first empty line: there is none above it, and a checkpoint has one of its own below.
  const split = text.indexOf('\n\n')
  const [head, ...lines] = split === -1 ? [] : text.slice(0, split).split('\n')
  if (head !== headLine) throw new TlogError('malformed', 'Not a proof of version 1')
  const extra = lines[0]?.startsWith('extra ') === true ? decodeExtra(lines.shift() ?? '') : null
  const indexLine = lines.shift() ?? ''
  if (!indexLine.startsWith('index '))
    throw new TlogError('malformed', `Not the line of the index: ${quote(indexLine)}`)
  const hashes = lines.map(decodeBase64)
  if (hashes.length > hashesMax)
    throw new TlogError('malformed', `A proof has at most ${hashesMax} hashes, not ${hashes.length}`)
  for (const hash of hashes) assertHash(hash, 'A hash of the proof')
  const checkpoint = encodeUtf8(text.slice(split + 2))
  if (checkpoint.length === 0) throw new TlogError('malformed', 'The proof has no checkpoint')
  return { extra, index: parseDecimal(indexLine.slice('index '.length)), hashes, checkpoint }
}

function decodeExtra(line: string): Uint8Array {
  const extra = decodeBase64(line.slice('extra '.length))
  if (extra.length === 0) throw new TlogError('malformed', 'An empty extra line is left out')
  return extra
}

/** The proof as it is stored, with the extension `.tlog-proof`. */
export function formatTlogProof({ extra, index, hashes, checkpoint }: TlogProof): Uint8Array {
  const lines = [
    headLine,
    ...(extra === null || extra.length === 0 ? [] : [`extra ${encodeBase64(extra)}`]),
    `index ${formatDecimal(index)}`,
    ...hashes.map(encodeBase64),
  ]
  return encodeUtf8(`${lines.join('\n')}\n\n${decodeUtf8(checkpoint)}`)
}

/**
 * Proves that the leaf is in the log of this origin and hands out the checkpoint that says so. Throws `origin_unknown`,
 * `proof_invalid`, and as `openNote` does; believes nothing of `extra`, so the caller hashes the leaf from the record he means.
 */
export async function verifyTlogProof(
  proof: TlogProof,
  leaf: Uint8Array,
  trust: ProofTrust,
): Promise<SignedCheckpoint> {
  const { witnessKeys = [], witnessesMin = 0 } = trust
  const signed = await openCheckpoint(proof.checkpoint, [...trust.keys, ...witnessKeys], trust.verify)
  const { origin, size, root } = signed.checkpoint
  if (origin !== trust.origin) throw new TlogError('origin_unknown', `The checkpoint is of ${quote(origin)}`)
  assertQuorum(signed, { keys: trust.keys, witnessKeys, witnessesMin })
  if (!verifyInclusion(trust.hash, { index: proof.index, size, leaf, root }, proof.hashes)) {
    throw new TlogError('proof_invalid', `The record is not number ${proof.index} of the ${size} that were signed`)
  }
  return signed
}

/** Throws `unsigned` unless a key of the log has signed, and enough witnesses; one with two keys is still one witness. */
export function assertQuorum(
  { signers }: Pick<SignedCheckpoint, 'signers'>,
  { keys, witnessKeys, witnessesMin }: Required<Pick<ProofTrust, 'keys' | 'witnessKeys' | 'witnessesMin'>>,
): void {
  if (!signers.some(({ key }) => keys.includes(key))) throw new TlogError('unsigned', 'No key of the log has signed')
  const witnesses = new Set(signers.filter(({ key }) => witnessKeys.includes(key)).map(({ key }) => key.name)).size
  if (witnesses < witnessesMin)
    throw new TlogError('unsigned', `${witnesses} of the witnesses have signed, ${witnessesMin} must`)
}

import { sha256, verifyEd25519 } from '../crypto/mod.ts'
import {
  buildProof,
  type Checkpoint,
  claimsOf,
  encodeUtf8,
  formatAddCheckpoint,
  type Note,
  type NoteSignature,
  parseCheckpoint,
  parseDecimal,
  parseNote,
  planConsistency,
  type PolicyWitness,
  tileHashReader,
  tilePath,
} from '../tlog/mod.ts'

/** One asking of one witness. */
export interface CosignTask {
  /** The signed checkpoint. */
  readonly note: Uint8Array
  readonly witness: PolicyWitness
  /** What the witness cosigned last, as far as one knows. */
  readonly oldSize: number
  /** A file of the log by its path; null for none. */
  readonly read: (path: string) => Promise<Uint8Array | null>
  readonly post: (url: string, body: Uint8Array) => Promise<{ readonly status: number; readonly body: Uint8Array }>
}

/**
 * `ahead`: the witness has cosigned more than there is: this log was rolled back, or somebody else signs with its key.
 * `disagrees`: what it has cosigned is no beginning of this log. `failed`: it gave no answer that says anything.
 */
export type Cosigned =
  | { readonly kind: 'cosigned'; readonly size: number; readonly timeSeconds: number; readonly line: NoteSignature }
  | { readonly kind: 'ahead' | 'disagrees'; readonly size: number; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string }

/** With what it knows, and once more with what the witness answers. */
const triesMax = 2

/** Asks a witness for its cosignature (c2sp.org/tlog-witness). Rejects only where files or the way out fail. */
export async function askWitness(task: CosignTask): Promise<Cosigned> {
  const note = parseNote(task.note)
  const checkpoint = parseCheckpoint(note.text)
  const { size } = checkpoint
  let { oldSize } = task
  for (let tries = 0; tries < triesMax && oldSize <= size; tries++) {
    const proof = await proofOf(checkpoint, oldSize, task.read)
    const url = `${(task.witness.url ?? '').replace(/\/+$/, '')}/add-checkpoint`
    const answer = await task.post(url, formatAddCheckpoint({ oldSize, proof, note: task.note }))
    const said = Buffer.from(answer.body).toString('utf8')
    if (answer.status === 200) return cosignedBy(task.witness, note, { size, said })
    if (answer.status === 422)
      return { kind: 'disagrees', size: oldSize, why: `it does not take the proof from ${oldSize} records on` }
    const next = answer.status === 409 ? sizeIn(said) : null
    if (next === null) return { kind: 'failed', why: `it answered ${answer.status}: ${said.slice(0, 200).trimEnd()}` }
    if (next === oldSize) return { kind: 'disagrees', size: next, why: `it has another root for ${next} records` }
    oldSize = next
  }
  if (oldSize > size)
    return { kind: 'ahead', size: oldSize, why: `it has cosigned ${oldSize} records, there are ${size}` }
  return { kind: 'failed', why: 'somebody else asks it about this log at the same time' }
}

async function proofOf(
  { size }: Checkpoint,
  oldSize: number,
  read: CosignTask['read'],
): Promise<readonly Uint8Array[]> {
  if (oldSize === 0) return []
  const tiles = tileHashReader(sha256, size, async (address) => await read(tilePath(address)))
  return await buildProof(sha256, planConsistency(oldSize, size), tiles)
}

function sizeIn(said: string): number | null {
  try {
    return parseDecimal(said.replace(/\n$/, ''))
  } catch {
    return null
  }
}

function cosignedBy(
  { key }: PolicyWitness,
  { text }: Note,
  { size, said }: { readonly size: number; readonly said: string },
): Cosigned {
  try {
    const answered = parseNote(encodeUtf8(`${text}\n${said}`))
    const [claim] = claimsOf(answered, [key]).claims
    const line = answered.signatures.find(({ name, keyId }) => name === key.name && keyId === key.keyId)
    if (claim === undefined || line === undefined || claim.timeSeconds === null)
      return { kind: 'failed', why: `its answer has no cosignature by ${key.name}` }
    if (!verifyEd25519(key.publicKey, claim.message, claim.signature))
      return { kind: 'failed', why: 'its cosignature is not of this checkpoint' }
    return { kind: 'cosigned', size, timeSeconds: claim.timeSeconds, line }
  } catch {
    return { kind: 'failed', why: 'its answer holds no signature lines' }
  }
}

import { messageOf } from '../core/mod.ts'
import { sha256, signEd25519, type SigningKey, verifyEd25519 } from '../crypto/mod.ts'
import {
  type AddCheckpoint,
  type Checkpoint,
  claimsOf,
  cosignature,
  cosignatureMessage,
  formatSignatureLine,
  type Note,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  verifierKey,
  type VerifierKey,
  verifyConsistency,
} from '../tlog/mod.ts'
import { openWitnessState, type Witnessed, type WitnessState } from './witness-state.ts'

export interface WitnessOptions {
  /** Name of the key, by which others know it: usually a host name with a path. */
  readonly name: string
  readonly key: SigningKey
  /** Keys of the logs that it cosigns; a log may have two, while one takes the place of the other. */
  readonly logs: readonly VerifierKey[]
  /** Where it keeps what it has cosigned. Never restored from a backup. */
  readonly dir: string
  /** Wall time, seconds since 1970. */
  readonly nowSeconds: () => number
}

/** What to answer over HTTP. */
export interface WitnessAnswer {
  readonly status: number
  readonly body: string
  /** Media type of the body. */
  readonly type: string
}

/** Cosigns checkpoints. Every call is one step: nothing else of this process comes between looking and signing. */
export interface Witness {
  /** What others verify its cosignatures with. */
  readonly key: VerifierKey
  /** Answers the body of an `add-checkpoint` request. */
  add(body: Uint8Array): WitnessAnswer
  /** The newest checkpoint with our cosignature, by the SHA-256 of its origin in hexadecimal; null for none. */
  checkpoint(originHash: string): string | null
}

const text = (status: number, body: string): WitnessAnswer => ({ status, body, type: 'text/plain; charset=utf-8' })
/** The status of a log that is at another size than it believes; the body is that size. */
const conflict = (size: number): WitnessAnswer => ({ status: 409, body: `${size}\n`, type: 'text/x.tlog.size' })

interface Asked {
  readonly request: AddCheckpoint
  readonly note: Note
  readonly checkpoint: Checkpoint
}

/** Opens a witness. Throws `data_folder_unusable` for a folder that is not its own. */
export function openWitness({ name, key, logs, dir, nowSeconds }: WitnessOptions): Witness {
  const state = openWitnessState(dir)
  const own = verifierKey(sha256, { name, type: 'cosignature', publicKey: key.publicKey })
  const cosigned = (noteText: string, timeSeconds: number): string => {
    const signature = signEd25519(key.privateKey, cosignatureMessage(noteText, timeSeconds))
    return formatSignatureLine(cosignature(own, { timeSeconds, signature }))
  }
  const origins = new Map(
    logs.map((log) => [Buffer.from(sha256(Buffer.from(log.name))).toString('hex'), log.name] as const),
  )
  return {
    key: own,
    add: (body) => {
      const asked = askedOf(body)
      if ('status' in asked) return asked
      const refused = refusalOf(asked, logs, state)
      if (refused !== null) return refused
      const { origin } = asked.checkpoint
      const { generation, timeSeconds: lastSeconds } = state.last(origin)
      // A clock that went back does not take the times of our cosignatures back with it.
      const timeSeconds = Math.max(nowSeconds(), lastSeconds)
      const next: Witnessed = { generation: generation + 1, timeSeconds, note: asked.request.note }
      if (!state.advance(origin, next)) return conflict(sizeOf(state.last(origin)))
      return text(200, cosigned(asked.note.text, timeSeconds))
    },
    checkpoint: (originHash) => {
      const origin = origins.get(originHash)
      const { note, timeSeconds } = origin === undefined ? { note: null, timeSeconds: 0 } : state.last(origin)
      if (note === null) return null
      return `${Buffer.from(note).toString('utf8')}${cosigned(parseNote(note).text, timeSeconds)}`
    },
  }
}

function askedOf(body: Uint8Array): Asked | WitnessAnswer {
  let request: AddCheckpoint
  let note: Note
  try {
    request = parseAddCheckpoint(body)
  } catch (error) {
    return text(400, `invalid input: ${messageOf(error)}\n`)
  }
  try {
    note = parseNote(request.note)
  } catch (error) {
    // What stands where signatures stand, and cannot be read as one, is a signature by nobody.
    const hasLines = Buffer.from(request.note).includes('\n\n\u2014 ')
    return hasLines
      ? text(403, `invalid signature: ${messageOf(error)}\n`)
      : text(400, `invalid input: ${messageOf(error)}\n`)
  }
  try {
    return { request, note, checkpoint: parseCheckpoint(note.text) }
  } catch (error) {
    return text(400, `invalid checkpoint: ${messageOf(error)}\n`)
  }
}

/** Null when the checkpoint may be cosigned. In the order of the specification: the log, its signature, the size, the proof. */
function refusalOf(asked: Asked, logs: readonly VerifierKey[], state: WitnessState): WitnessAnswer | null {
  const { request, note, checkpoint } = asked
  const keys = logs.filter(({ name }) => name === checkpoint.origin)
  if (keys.length === 0) return text(404, 'unknown log: start this witness with its vkey\n')
  if (!isSignedBy(note, keys)) return text(403, 'invalid signature: none by a key of this log\n')
  if (request.oldSize > checkpoint.size) return text(400, 'invalid input: the old size is beyond the checkpoint\n')
  const last = state.last(checkpoint.origin)
  const kept = last.note === null ? null : parseCheckpoint(parseNote(last.note).text)
  const isFork = kept !== null && kept.size === checkpoint.size && Buffer.compare(kept.root, checkpoint.root) !== 0
  if (isFork) state.keepEvidence(checkpoint.origin, request.note)
  if (request.oldSize !== (kept?.size ?? 0) || isFork) return conflict(kept?.size ?? 0)
  if (isConsistent(asked, kept)) return null
  return text(422, 'the consistency proof does not lead from what was cosigned to this checkpoint\n')
}

function isConsistent({ request, checkpoint }: Asked, kept: Checkpoint | null): boolean {
  // Of the empty tree nothing has to be proven: every tree contains it.
  if (kept === null || kept.size === 0) return request.proof.length === 0
  const claim = { size1: kept.size, root1: kept.root, size2: checkpoint.size, root2: checkpoint.root }
  return verifyConsistency(sha256, claim, request.proof)
}

function isSignedBy(note: Note, keys: readonly VerifierKey[]): boolean {
  try {
    const { claims } = claimsOf(note, keys)
    const isProven = ({ key, message, signature }: (typeof claims)[number]): boolean =>
      verifyEd25519(key.publicKey, message, signature)
    return claims.length > 0 && claims.every(isProven)
  } catch {
    return false
  }
}

function sizeOf({ note }: Witnessed): number {
  return note === null ? 0 : parseCheckpoint(parseNote(note).text).size
}

import { concatBytes, encodeUint, readUint64 } from './bytes.ts'
import { TlogError } from './errors.ts'
import { assertNoteText, formatSignatureLine, parseNote, type Note, type NoteSignature } from './note.ts'
import { encodeUtf8, formatDecimal, quote } from './text.ts'
import type { VerifierKey } from './verifier-key.ts'

/**
 * Whether this Ed25519 key made this signature. May answer at once (`node:crypto`) or later (WebCrypto). False, never a throw,
 * for a signature or key that is not well formed.
 */
export type VerifySignature = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>

/** What one of the trusted keys is said to have signed: the question to put to `VerifySignature`. */
export interface SignatureClaim {
  readonly key: VerifierKey
  readonly message: Uint8Array
  readonly signature: Uint8Array
  /** Seconds since 1970 by the witness's clock; null for a signature without time. */
  readonly timeSeconds: number | null
}

/** A key that has signed, and when it says it did. */
export interface Signer {
  readonly key: VerifierKey
  /** Seconds since 1970 by the witness's clock; null for a signature without time. */
  readonly timeSeconds: number | null
}

/** A note with at least one signature proven. */
export interface OpenedNote {
  readonly text: string
  /** Each trusted key that has signed, once. */
  readonly signers: readonly Signer[]
  /** Lines by keys that are not trusted, or of a type that is not checked; they say nothing. */
  readonly unknown: readonly NoteSignature[]
}

const signatureBytes = 64
const timeBytes = 8

/** What an Ed25519 key signs of a note: its text. */
export function noteMessage(text: string): Uint8Array {
  assertNoteText(text)
  return encodeUtf8(text)
}

/** What a witness signs of a checkpoint (c2sp.org/tlog-cosignature, version 1): a head, the time, and the checkpoint's text. */
export function cosignatureMessage(text: string, timeSeconds: number): Uint8Array {
  assertNoteText(text)
  return encodeUtf8(`cosignature/v1\ntime ${formatDecimal(timeSeconds)}\n${text}`)
}

/** The signature line of a log's key. */
export function noteSignature({ name, keyId }: VerifierKey, signature: Uint8Array): NoteSignature {
  return { name, keyId, signature }
}

/** The signature line of a witness: the time stands before the signature, so that anybody can build the message again. */
export function cosignature(
  { name, keyId }: VerifierKey,
  { timeSeconds, signature }: { timeSeconds: number; signature: Uint8Array },
): NoteSignature {
  return { name, keyId, signature: concatBytes([encodeUint(timeSeconds, timeBytes), signature]) }
}

/**
 * The claims of the keys, one for each key that has a line; repeated lines of one key count once. Throws `signature_invalid`
 * for a line of a trusted key that cannot be a signature, `key_ambiguous` for keys that could be mistaken for each other.
 */
export function claimsOf(
  note: Note,
  keys: readonly VerifierKey[],
): { claims: readonly SignatureClaim[]; unknown: readonly NoteSignature[] } {
  assertDistinct(keys)
  const claims = new Map<VerifierKey, SignatureClaim>()
  const unknown = new Map<string, NoteSignature>()
  for (const line of note.signatures) {
    const key = keys.find(({ name, keyId }) => name === line.name && keyId === line.keyId)
    if (key === undefined || key.type === 'ml-dsa-44') unknown.set(formatSignatureLine(line), line)
    else if (!claims.has(key)) claims.set(key, claimOf(note.text, line, key))
  }
  return { claims: [...claims.values()], unknown: [...unknown.values()] }
}

function assertDistinct(keys: readonly VerifierKey[]): void {
  const seen = new Set(keys.map(({ name, keyId }) => `${keyId} ${name}`))
  if (seen.size !== keys.length) throw new TlogError('key_ambiguous', 'Two of the keys have the same name and id')
}

function claimOf(text: string, line: NoteSignature, key: VerifierKey): SignatureClaim {
  const hasTime = key.type === 'cosignature'
  if (line.signature.length !== signatureBytes + (hasTime ? timeBytes : 0)) {
    throw new TlogError('signature_invalid', `The signature by ${quote(key.name)} has ${line.signature.length} bytes`)
  }
  if (!hasTime) return { key, message: noteMessage(text), signature: line.signature, timeSeconds: null }
  const timeSeconds = readUint64(line.signature, 0)
  return {
    key,
    message: cosignatureMessage(text, timeSeconds),
    signature: line.signature.subarray(timeBytes),
    timeSeconds,
  }
}

/**
 * Parses a note and proves its signatures. Throws `malformed`; `signature_invalid` as soon as one trusted key's signature
 * fails, even if others hold; `unsigned` if no trusted key has signed.
 */
export async function openNote(
  bytes: Uint8Array,
  keys: readonly VerifierKey[],
  verify: VerifySignature,
): Promise<OpenedNote> {
  const note = parseNote(bytes)
  const { claims, unknown } = claimsOf(note, keys)
  for (const { key, message, signature } of claims) {
    if (!(await verify(key.publicKey, message, signature))) {
      throw new TlogError('signature_invalid', `The signature by ${quote(key.name)} is not of this text`)
    }
  }
  if (claims.length === 0) throw new TlogError('unsigned', 'None of the trusted keys has signed')
  return { text: note.text, signers: claims.map(({ key, timeSeconds }) => ({ key, timeSeconds })), unknown }
}

import {
  createPublicKey,
  generateKeyPairSync,
  hash as digest,
  sign,
  verify as verifyWith,
  type KeyObject,
} from 'node:crypto'
import { crc32 } from 'node:zlib'
import {
  canonicalJson,
  cosignature,
  cosignatureMessage,
  emptyEdge,
  encodeBundle,
  encodeRecord,
  encodeUtf8,
  formatCheckpoint,
  formatNote,
  growTiles,
  leafHash,
  noteMessage,
  noteSignature,
  partialTiles,
  rootOf,
  tilePath,
  tileWidth,
  verifierKey,
  type KeyType,
  type NoteSignature,
  type VerifierKey,
} from '../../src/tlog/mod.ts'
import type { Files } from './files.ts'

/** SHA-256 by `node:crypto`. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = digest('sha256', bytes, 'buffer')
  return new Uint8Array(buffer, byteOffset, byteLength)
}

const spkiHead = Buffer.from('302a300506032b6570032100', 'hex')

/** Ed25519 by `node:crypto`. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return verifyWith(null, message, publicKeyOf(publicKey), signature)
}

/** The key as `node:crypto` and openssl have it. */
export function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiHead, raw]), format: 'der', type: 'spki' })
}

/** A key pair of a test, which signs checkpoints. */
export interface Signer {
  readonly key: VerifierKey
  sign(text: string, timeSeconds?: number): NoteSignature
}

/** A new key under this name. */
export function newSigner(name: string, type: Exclude<KeyType, 'ml-dsa-44'> = 'ed25519'): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = verifierKey(sha256, {
    name,
    type,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(spkiHead.length),
  })
  return {
    key,
    sign: (text, timeSeconds = 1_790_000_000) =>
      type === 'ed25519'
        ? noteSignature(key, sign(null, noteMessage(text), privateKey))
        : cosignature(key, { timeSeconds, signature: sign(null, cosignatureMessage(text, timeSeconds), privateKey) }),
  }
}

/** Records as the gateway writes them, without a sealed part. */
export function sampleRecords(count: number, first = 0): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, at) => sampleRecord(first + at))
}

/** One record; `stamp` lets a test put it in a wrong place. */
export function sampleRecord(sequence: number, stamp: { sequence?: number; committedUs?: number } = {}): Uint8Array {
  const publicPart = encodeUtf8(canonicalJson({ k: 'request', m: 'GET', n: sequence, st: 200 }))
  return encodeRecord({
    sequence,
    committedUs: 1000 + sequence * 7,
    ...stamp,
    isControl: false,
    publicPart,
    sealed: null,
  })
}

/** A signed checkpoint over these entries. */
export function sampleCheckpoint(
  entries: readonly Uint8Array[],
  signers: readonly Signer[],
  origin: string,
): Uint8Array {
  const root = rootOf(
    sha256,
    entries.map((entry) => leafHash(sha256, entry)),
  )
  return signedCheckpoint({ size: entries.length, root }, signers, origin)
}

/** A signed checkpoint that says whatever it is told to. */
export function signedCheckpoint(
  { size, root }: { size: number; root: Uint8Array },
  signers: readonly Signer[],
  origin: string,
): Uint8Array {
  const text = formatCheckpoint({ origin, size, root, extensions: [] })
  return formatNote(
    text,
    signers.map((signer) => signer.sign(text)),
  )
}

/** Writes a whole log with all its partial tiles, as it is served or exported. */
export function writeSampleLog(
  files: Files,
  entries: readonly Uint8Array[],
  { signers, origin }: { signers: readonly Signer[]; origin: string },
): void {
  const { edge, full } = growTiles(
    sha256,
    emptyEdge(),
    entries.map((entry) => leafHash(sha256, entry)),
  )
  for (const { address, bytes } of [...full, ...partialTiles(edge)]) files.write(tilePath(address), bytes)
  for (let begin = 0; begin < entries.length; begin += tileWidth) {
    const bundle = entries.slice(begin, begin + tileWidth)
    files.write(tilePath({ level: 'entries', index: begin / tileWidth, width: bundle.length }), encodeBundle(bundle))
  }
  files.write('checkpoint', sampleCheckpoint(entries, signers, origin))
}

/** A file of checkpoints as the log keeps it for itself: `u32be length || note || u32be crc32`, one after the other. */
export function encodeHistory(notes: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(notes.flatMap((note) => [uint32(note.length), note, uint32(crc32(note))]))
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

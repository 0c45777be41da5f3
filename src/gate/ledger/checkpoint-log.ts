/**
 * `checkpoints.log`, what a log remembers of the checkpoints that it signed: `u32be length | note | u32be crc32` each, in order,
 * every one on disk before it is shown to anybody. So there are never two roots for one size, whatever crashes between.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { GatehouseError, messageOf } from '../../core/mod.ts'
import { verifyEd25519 } from '../../crypto/mod.ts'
import {
  type Checkpoint,
  claimsOf,
  noteBytesMax,
  parseCheckpoint,
  parseNote,
  type VerifierKey,
} from '../../tlog/mod.ts'
import { syncDir, writeWhole } from './files.ts'

/** A checkpoint with the note that signs it. */
export interface SignedState {
  readonly size: number
  readonly root: Uint8Array
  readonly note: Buffer
}

/** The end of the file. */
export interface CheckpointLogEnd {
  readonly last: SignedState | null
  /** Where the last entry begins, 0 when there is none, and where it ends. */
  readonly lastAt: number
  readonly end: number
  /** End of the bytes of an entry that was cut off while it was written, null when there are none. */
  readonly tornEnd: number | null
}

export function checkpointLogOf(logDir: string): string {
  return join(logDir, 'checkpoints.log')
}

/** Opens one signed checkpoint of this log; throws when the key did not sign it or it is another log's. */
export function openState(note: Buffer, key: VerifierKey): SignedState {
  const parsed = parseNote(note)
  const [claim] = claimsOf(parsed, [key]).claims
  if (claim === undefined || !verifyEd25519(key.publicKey, claim.message, claim.signature))
    throw new Error('the key of the log has not signed it')
  const { size, root } = ofLog(parseCheckpoint(parsed.text), key)
  return { size, root, note }
}

function ofLog(checkpoint: Checkpoint, key: VerifierKey): Checkpoint {
  if (checkpoint.origin !== key.name) throw new Error(`it is of ${checkpoint.origin}`)
  return checkpoint
}

/** Far longer than any entry of ours, cosignatures included; the end is looked for in so much of the file. */
const windowBytes = 1024 * 1024
const entryHeadBytes = 4
const entryBytesOf = (noteBytes: number): number => entryHeadBytes + noteBytes + 4

/** Reads the end of the file and proves its last entry. Throws `ledger_corrupt` with the offset of any damage. */
export function readCheckpointLogEnd(logDir: string, key: VerifierKey): CheckpointLogEnd {
  const path = checkpointLogOf(logDir)
  if (!existsSync(path)) return { last: null, lastAt: 0, end: 0, tornEnd: null }
  const fd = openSync(path, constants.O_RDONLY)
  try {
    const bytes = fstatSync(fd).size
    const from = Math.max(0, bytes - windowBytes)
    const window = Buffer.alloc(bytes - from)
    readSync(fd, window, 0, window.length, from)
    return endIn(window, { path, from, key })
  } finally {
    closeSync(fd)
  }
}

interface Window {
  readonly path: string
  /** Offset of the window in the file. */
  readonly from: number
  readonly key: VerifierKey
}

function endIn(window: Buffer, { path, from, key }: Window): CheckpointLogEnd {
  const corrupt = (at: number, why: string): Error =>
    new GatehouseError('ledger_corrupt', `Cannot trust ${path} at offset ${from + at}: ${why}`)
  const first = from === 0 ? 0 : entryFrom(window, 0, key)
  if (first === null) throw corrupt(0, `no checkpoint in the last ${window.length} bytes`)
  let last: { readonly state: Checkpoint; readonly note: Buffer; readonly at: number } | null = null
  let at = first
  for (let note = noteAt(window, at); note !== null; note = noteAt(window, at)) {
    const state = stateOf(note, (why) => corrupt(at, why))
    if (last !== null && !follows(state, last.state))
      throw corrupt(at, `a checkpoint of ${state.size} records after one of ${last.state.size} that it contradicts`)
    last = { state, note, at }
    at += entryBytesOf(note.length)
  }
  const later = entryFrom(window, at + 1, key)
  if (later !== null) throw corrupt(at, `no sound entry, but one follows at offset ${from + later}`)
  const tornEnd = at === window.length ? null : from + window.length
  if (last === null) return { last: null, lastAt: 0, end: from + at, tornEnd }
  try {
    return { last: openState(last.note, key), lastAt: from + last.at, end: from + at, tornEnd }
  } catch (cause) {
    throw corrupt(last.at, messageOf(cause))
  }
}

/** Sizes never go back, and one size has one root. */
export function follows(next: Pick<Checkpoint, 'size' | 'root'>, last: Pick<Checkpoint, 'size' | 'root'>): boolean {
  return next.size > last.size || (next.size === last.size && Buffer.compare(next.root, last.root) === 0)
}

function stateOf(note: Buffer, corrupt: (why: string) => Error): Checkpoint {
  try {
    return parseCheckpoint(parseNote(note).text)
  } catch (cause) {
    throw corrupt(messageOf(cause))
  }
}

/** The note of the entry at an offset, in memory of its own; null where no sound entry stands. */
function noteAt(bytes: Buffer, at: number): Buffer | null {
  if (at < 0 || at + entryHeadBytes > bytes.length) return null
  const length = bytes.readUInt32BE(at)
  const end = at + entryHeadBytes + length
  if (length === 0 || length > noteBytesMax || end + 4 > bytes.length) return null
  const note = bytes.subarray(at + entryHeadBytes, end)
  return bytes.readUInt32BE(end) === crc32(note) ? Buffer.from(note) : null
}

/** Where, from an offset on, the first sound entry of this log begins: its note begins with the origin. */
function entryFrom(bytes: Buffer, from: number, { name }: VerifierKey): number | null {
  for (let at = bytes.indexOf(`${name}\n`, from + entryHeadBytes); at !== -1; at = bytes.indexOf(`${name}\n`, at + 1))
    if (noteAt(bytes, at - entryHeadBytes) !== null) return at - entryHeadBytes
  return null
}

/** Takes away an entry that was cut off; the caller has kept its bytes. */
export function cutCheckpointLog(logDir: string, end: number): void {
  const fd = openSync(checkpointLogOf(logDir), constants.O_RDWR)
  try {
    ftruncateSync(fd, end)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** The keeper's end of the file. */
export class CheckpointLog implements Disposable {
  readonly #path: string
  readonly #fd: number
  #end: CheckpointLogEnd

  /** `end` is what `readCheckpointLogEnd` found, with nothing torn left. */
  constructor(logDir: string, end: CheckpointLogEnd) {
    this.#path = checkpointLogOf(logDir)
    this.#end = end
    this.#fd = openSync(this.#path, constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC, 0o600)
    syncDir(dirname(this.#path))
  }

  get last(): SignedState | null {
    return this.#end.last
  }

  /**
   * Compares and appends: durable when it returns. Throws `ledger_corrupt`, and writes nothing, when the file is not as it was
   * left, or the state contradicts the last one. Any other error leaves the file in a state that only the next start can tell.
   */
  append(state: SignedState): void {
    const { last, end } = this.#end
    this.#assertUntouched()
    if (last !== null && !follows(state, last))
      throw this.#corrupt(`${state.size} records would be signed after ${last.size} that they contradict`)
    const entry = Buffer.alloc(entryBytesOf(state.note.length))
    entry.writeUInt32BE(state.note.length, 0)
    state.note.copy(entry, entryHeadBytes)
    entry.writeUInt32BE(crc32(state.note), entryHeadBytes + state.note.length)
    writeWhole(this.#fd, entry, end)
    this.#end = { last: state, lastAt: end, end: end + entry.length, tornEnd: null }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }

  #assertUntouched(): void {
    const { last, lastAt, end } = this.#end
    const { ino, size } = fstatSync(this.#fd)
    const atPath = statSync(this.#path, { throwIfNoEntry: false })
    if (atPath?.ino !== ino) throw this.#corrupt('it is no longer the file that was opened')
    if (size !== end) throw this.#corrupt(`it has ${size} bytes, and had ${end}`)
    if (last === null) return
    const kept = Buffer.alloc(end - lastAt)
    readSync(this.#fd, kept, 0, kept.length, lastAt)
    if (noteAt(kept, 0)?.equals(last.note) !== true) throw this.#corrupt(`its last entry, at ${lastAt}, was changed`)
  }

  #corrupt(why: string): GatehouseError {
    return new GatehouseError('ledger_corrupt', `Cannot trust ${this.#path}: ${why}`)
  }
}

/** Notes from the beginning of the file and from its end, in order: enough for a verification of the whole log beside others. */
export function sampleCheckpoints(logDir: string, key: VerifierKey): readonly Buffer[] {
  const path = checkpointLogOf(logDir)
  if (!existsSync(path)) return []
  const fd = openSync(path, constants.O_RDONLY)
  try {
    const bytes = fstatSync(fd).size
    const head = Buffer.alloc(Math.min(bytes, sampleBytes))
    readSync(fd, head, 0, head.length, 0)
    const tail = Buffer.alloc(Math.min(bytes - head.length, sampleBytes))
    readSync(fd, tail, 0, tail.length, bytes - tail.length)
    return [...notesFrom(head, 0), ...notesFrom(tail, entryFrom(tail, 0, key) ?? tail.length)]
  } finally {
    closeSync(fd)
  }
}

const sampleBytes = 64 * 1024

function notesFrom(bytes: Buffer, from: number): Buffer[] {
  const notes: Buffer[] = []
  let at = from
  for (let note = noteAt(bytes, at); note !== null; note = noteAt(bytes, at)) {
    notes.push(note)
    at += entryBytesOf(note.length)
  }
  return notes
}

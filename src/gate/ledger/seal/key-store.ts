import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
} from 'node:fs'
import { join } from 'node:path'
import { GatehouseError, hasCode } from '../../../core/mod.ts'
import { ensurePrivateDir, unwrapKey } from '../../../crypto/mod.ts'
import { syncDir, writeWhole } from '../files.ts'
import { type DataKey, openDataKey } from './data-key.ts'
import {
  decodeRow,
  decodeRowFileHeader,
  encodeRowFileHeader,
  laterRow,
  rowBytesMax,
  rowFileHeaderBytes,
  rowFileName,
  type RowId,
  rowIdText,
  startOfFile,
  startsMax,
} from './key-rows.ts'
import type { RootKeys } from './root-keys.ts'

/** Finds data keys by the names that records give them. Sees rows that are written while it is open. */
export interface KeyStore {
  /** Null when there is no such row: it was destroyed, or the name is not one of this store's. Throws `store_unreadable`. */
  find(id: RowId): DataKey | null
}

/** A store that its one writer holds. */
export interface WritableKeyStore extends KeyStore {
  /** Counts the starts of the gate, from 1. */
  readonly start: number
  /** Where the ledger thread appends the rows of this start, from `rowFileHeaderBytes` on. */
  readonly path: string
}

export interface KeyStoreOptions {
  /** Who may read it and the root key reads every record. */
  readonly dir: string
  readonly root: RootKeys
}

/** Opens the store for reading alone, also beside its writer. Throws `store_unreadable` for another root's, or a damaged one. */
export function openKeyStore(options: KeyStoreOptions): KeyStore {
  return new RowFiles(options)
}

/**
 * Opens the store for the one process that writes the ledger, with a new file for its rows. Rows that a crash cut off are
 * dropped: no record that needs them was written. Throws `store_unreadable`, or `data_folder_unusable`.
 */
export function openWritableKeyStore(options: KeyStoreOptions): WritableKeyStore {
  const { dir, root } = options
  ensurePrivateDir(dir)
  const files = new RowFiles(options)
  const newest = files.starts.at(-1) ?? 0
  if (newest > 0) rewrite(join(dir, rowFileName(newest)), files.endOf(newest))
  const start = newest + 1
  if (start > startsMax) throw unreadable(dir, `${newest} starts were counted, more than a row id can name`)
  const path = join(dir, rowFileName(start))
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    writeWhole(fd, encodeRowFileHeader({ start, proof: root.proof }), 0)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  syncDir(dir)
  return { start, path, find: (id) => files.find(id) }
}

/** Where the rows of one file are: by ring, then by count. Eight bytes a row, whatever the subjects are. */
interface RowFile {
  readonly path: string
  readonly offsets: number[][]
  /** Read up to here. */
  end: number
}

class RowFiles implements KeyStore {
  readonly #options: KeyStoreOptions
  readonly #files = new Map<number, RowFile>()

  constructor(options: KeyStoreOptions) {
    this.#options = options
    this.#list()
    for (const { path, end } of this.#files.values()) {
      const later = laterRow(readSome(path, end, Number.POSITIVE_INFINITY), 0)
      if (later !== null) throw unreadable(path, `damaged at ${end}: a row follows at ${end + later}`)
    }
  }

  get starts(): readonly number[] {
    return [...this.#files.keys()].sort((a, b) => a - b)
  }

  /** Offset behind the last whole row of a start. */
  endOf(start: number): number {
    return this.#files.get(start)?.end ?? 0
  }

  find(id: RowId): DataKey | null {
    const row = this.#rowAt(id) ?? (this.#refresh(id) ? this.#rowAt(id) : null)
    if (row === null) return null
    const secret = unwrapKey(this.#options.root.wrapping, row)
    if (secret === null)
      throw unreadable(this.#options.dir, `row ${rowIdText(id)} was changed, or another root key wrapped it`)
    return openDataKey(secret)
  }

  /** The wrapped key. */
  #rowAt(id: RowId): Uint8Array | null {
    const file = this.#files.get(id.maker >>> 8)
    const offset = file?.offsets[id.maker & 0xff]?.[id.count]
    if (file === undefined || offset === undefined) return null
    const bytes = Buffer.alloc(rowBytesMax)
    const fd = openSync(file.path, constants.O_RDONLY)
    try {
      const length = readSync(fd, bytes, 0, rowBytesMax, offset)
      const row = decodeRow(bytes.subarray(0, length), 0)?.row
      if (row === undefined || row.maker !== id.maker || row.count !== id.count)
        throw unreadable(file.path, `damaged at ${offset}`)
      return row.wrapped
    } finally {
      closeSync(fd)
    }
  }

  /** Looks for what was written since; false where nothing can have been. */
  #refresh(id: RowId): boolean {
    const start = id.maker >>> 8
    const file = this.#files.get(start)
    if (file === undefined) {
      this.#list()
      return this.#files.has(start)
    }
    const before = file.end
    this.#read(start)
    return file.end > before
  }

  #list(): void {
    for (const name of namesIn(this.#options.dir)) {
      const start = startOfFile(name)
      if (start === null || this.#files.has(start)) continue
      const path = join(this.#options.dir, name)
      const header = decodeRowFileHeader(readSome(path, 0, rowFileHeaderBytes))
      // A crash while the file was made, before any row: nothing needs it.
      const isUnbegun = header === null && readSome(path, 0, rowFileHeaderBytes + 1).length <= rowFileHeaderBytes
      if (header === null && !isUnbegun) throw unreadable(path, 'damaged at 0')
      if (header !== null && header.start !== start) throw unreadable(path, `it is that of start ${header.start}`)
      if (header !== null && !header.proof.equals(this.#options.root.proof))
        throw unreadable(path, 'it belongs to another root key: restore keys/root from its backup')
      this.#files.set(start, { path, offsets: [], end: rowFileHeaderBytes })
      this.#read(start)
    }
  }

  /** Takes in the rows behind what was read. */
  #read(start: number): void {
    const file = this.#files.get(start)
    if (file === undefined) return
    const from = file.end
    const bytes = readSome(file.path, from, Number.POSITIVE_INFINITY)
    for (let found = decodeRow(bytes, 0); found !== null; found = decodeRow(bytes, found.end)) {
      const { maker, count } = found.row
      if (maker >>> 8 !== start) throw unreadable(file.path, `a row of start ${maker >>> 8} stands in it`)
      const offsets = (file.offsets[maker & 0xff] ??= [])
      offsets[count] = file.end
      file.end = from + found.end
    }
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return []
    throw new GatehouseError('store_unreadable', `Cannot read the key store ${dir}`, { cause })
  }
}

function readSome(path: string, offset: number, bytesMax: number): Buffer {
  try {
    const fd = openSync(path, constants.O_RDONLY)
    try {
      const bytes = Buffer.alloc(Math.max(0, Math.min(bytesMax, fstatSync(fd).size - offset)))
      return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, offset))
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    throw new GatehouseError('store_unreadable', `Cannot read the key store file ${path}`, { cause })
  }
}

/** Copies what is whole into a new file: what was just read may be in the page cache only, after a failed write. */
function rewrite(path: string, end: number): void {
  const bytes = readFileSync(path).subarray(0, end)
  const temporary = `${path}.new`
  const fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600)
  try {
    writeWhole(fd, bytes, 0)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, path)
  syncDir(join(path, '..'))
}

function unreadable(path: string, why: string): GatehouseError {
  return new GatehouseError('store_unreadable', `Cannot use the key store ${path}: ${why}`)
}

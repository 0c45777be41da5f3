import { closeSync, constants, fsyncSync, mkdirSync, openSync, readFileSync, readSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { GatehouseError, hasCode } from '../../core/mod.ts'
import { type TileAddress, tilePath, tileWidth } from '../../tlog/mod.ts'
import { syncDir, writeWhole } from './files.ts'

/** Folder of one log, the root of its published paths. */
export function logDirOf(dir: string, log: string): string {
  return join(dir, log)
}

/** A file of a log as a whole, null when there is none. Throws `ledger_unreadable`. */
export function readLogFile(logDir: string, path: string): Buffer | null {
  try {
    return readFileSync(join(logDir, path))
  } catch (cause) {
    if (hasCode(cause, 'ENOENT') || hasCode(cause, 'ENOTDIR')) return null
    throw new GatehouseError('ledger_unreadable', `Cannot read ${join(logDir, path)}`, { cause })
  }
}

/** A full tile or bundle; only full ones are files. */
export function fullTilePath(level: TileAddress['level'], index: number): string {
  return tilePath({ level, index, width: tileWidth })
}

/**
 * Writes files of a tree. Each is there whole or not at all; their names are durable after `sync`, one sync for each folder
 * however many files it got.
 */
export class TreeWriter {
  readonly #logDir: string
  readonly #touched = new Set<string>()
  /** Folders whose own names are durable, or are after the next `sync`. */
  readonly #anchored = new Set<string>()
  #memory = Buffer.alloc(0)

  constructor(logDir: string) {
    this.#logDir = logDir
  }

  /** Writes a file, and hands out what stands on the disk afterwards; valid until the next call. */
  write(path: string, bytes: Uint8Array): Buffer {
    const target = join(this.#logDir, path)
    const temporary = `${target}.new`
    const fd = this.#create(temporary)
    try {
      writeWhole(fd, bytes, 0)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, target)
    this.#touch(dirname(target))
    return this.#read(target, bytes.length)
  }

  /** What the file holds, up to one byte more than it should. */
  #read(path: string, bytes: number): Buffer {
    // One that is twice as long as needed now need not be made anew for the next.
    if (this.#memory.length <= bytes) this.#memory = Buffer.allocUnsafeSlow(2 * bytes + 1)
    const fd = openSync(path, constants.O_RDONLY)
    try {
      return this.#memory.subarray(0, readSync(fd, this.#memory, 0, bytes + 1, 0))
    } finally {
      closeSync(fd)
    }
  }

  sync(): void {
    for (const folder of this.#touched) syncDir(folder)
    this.#touched.clear()
  }

  /** With a folder's first file the names above it are synced too: whoever made them may have crashed before he could. */
  #touch(folder: string): void {
    this.#touched.add(folder)
    if (this.#anchored.has(folder)) return
    if (this.#anchored.size >= anchoredMax) this.#anchored.clear()
    this.#anchored.add(folder)
    for (let above = folder; above.length > this.#logDir.length; above = dirname(above))
      this.#touched.add(dirname(above))
  }

  #create(path: string): number {
    try {
      return openSync(path, openFlags, 0o600)
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      return openSync(path, openFlags, 0o600)
    }
  }
}

const openFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC
const anchoredMax = 1000

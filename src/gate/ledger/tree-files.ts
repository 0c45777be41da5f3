import { closeSync, constants, fsync, mkdirSync, openSync, readFileSync, readSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
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

const fsyncFile = promisify(fsync)

/** A file that was written and is not yet in its place. */
interface Written {
  readonly fd: number
  readonly temporary: string
}

/**
 * Writes files of a tree. Each is in its place whole or not at all, and durable, name and all, after `sync`: all that were
 * written since the last one at once, which costs the disk little more than one alone.
 */
export class TreeWriter implements Disposable {
  readonly #logDir: string
  readonly #touched = new Set<string>()
  /** Folders whose own names are durable, or are after the next `sync`. */
  readonly #anchored = new Set<string>()
  /** By the place where each belongs. */
  readonly #written = new Map<string, Written>()
  #memory = Buffer.alloc(0)

  constructor(logDir: string) {
    this.#logDir = logDir
  }

  /** Writes a file, and hands out what then stands in it, up to one byte more than it should; valid until the next call. */
  write(path: string, bytes: Uint8Array): Buffer {
    const target = join(this.#logDir, path)
    const temporary = `${target}.new`
    const fd = this.#create(temporary)
    try {
      writeWhole(fd, bytes, 0)
      // One that is twice as long as needed now need not be made anew for the next.
      if (this.#memory.length <= bytes.length) this.#memory = Buffer.allocUnsafeSlow(2 * bytes.length + 1)
      const stored = this.#memory.subarray(0, readSync(fd, this.#memory, 0, bytes.length + 1, 0))
      const before = this.#written.get(target)
      if (before !== undefined) closeSync(before.fd) // written again, after something else had failed
      this.#written.set(target, { fd, temporary })
      return stored
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  /** After a rejection nobody can say what is on disk: what was written is to be written anew, by the next start. */
  async sync(): Promise<void> {
    await Promise.all([...this.#written.values()].map(({ fd }) => fsyncFile(fd)))
    for (const [target, { temporary }] of this.#written) {
      renameSync(temporary, target)
      this.#touch(dirname(target))
    }
    this[Symbol.dispose]()
    for (const folder of this.#touched) syncDir(folder)
    this.#touched.clear()
  }

  /** Closes what was not synced. */
  [Symbol.dispose](): void {
    for (const { fd } of this.#written.values()) closeSync(fd)
    this.#written.clear()
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

const openFlags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC
const anchoredMax = 1000

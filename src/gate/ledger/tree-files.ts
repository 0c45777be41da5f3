import { closeSync, constants, fsyncSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs'
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

  constructor(logDir: string) {
    this.#logDir = logDir
  }

  /** Writes a file, and hands out what stands on the disk afterwards. */
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
    this.#touched.add(dirname(target))
    return readFileSync(target)
  }

  sync(): void {
    for (const folder of this.#touched) syncDir(folder)
    this.#touched.clear()
  }

  #create(path: string): number {
    try {
      return openSync(path, openFlags, 0o600)
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
      const made = mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      // Every folder from the first new one down is a name in the one above it.
      const topmost = made?.length ?? Number.POSITIVE_INFINITY
      for (let folder = dirname(path); folder.length >= topmost; folder = dirname(folder))
        this.#touched.add(dirname(folder))
      return openSync(path, openFlags, 0o600)
    }
  }
}

const openFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC

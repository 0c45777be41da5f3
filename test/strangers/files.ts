import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** Files of a log, by their path below its folder, open to being written, damaged and removed by a test. */
export interface Files {
  list(): readonly string[]
  read(path: string): Uint8Array | null
  write(path: string, bytes: Uint8Array): void
  remove(path: string): void
}

/** Files in memory. */
export function memoryFiles(content: ReadonlyMap<string, Uint8Array> = new Map()): Files {
  const files = new Map(content)
  return {
    list: () => [...files.keys()].toSorted(),
    read: (path) => files.get(path) ?? null,
    write: (path, bytes) => files.set(path, bytes),
    remove: (path) => files.delete(path),
  }
}

/** The same files, apart: what is done to the copy leaves the original as it is. */
export function copyInMemory(files: Files): Files {
  return memoryFiles(new Map(files.list().map((path) => [path, files.read(path) ?? new Uint8Array(0)])))
}

/** Files in a folder on disk. */
export function folderFiles(folder: string): Files {
  return {
    list: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
        .toSorted(),
    read: (path) => {
      try {
        return readFileSync(join(folder, path))
      } catch {
        return null
      }
    },
    write: (path, bytes) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), bytes)
    },
    remove: (path) => rmSync(join(folder, path)),
  }
}

/** A copy of a log's folder, to be attacked. */
export function copyFolder(from: string, to: string): Files {
  rmSync(to, { recursive: true, force: true })
  cpSync(from, to, { recursive: true })
  return folderFiles(to)
}

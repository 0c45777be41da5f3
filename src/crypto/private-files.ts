/** Files and folders that only their owner may read, written so that a crash leaves the old content or the new, never half. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { GatehouseError, hasCode } from '../core/mod.ts'

/**
 * Replaces the file as a whole. On return the content and the name are on disk; after a crash or a failure before that the
 * old file stands untouched. The file gets exactly `mode`, whatever the umask. Of concurrent writers the last one wins.
 */
export function writeFileAtomic(path: string, bytes: Uint8Array, mode: number): void {
  throughTemporary(path, { bytes, mode }, (temporary) => renameSync(temporary, path))
}

/**
 * Puts a file where there is none, whole and durable on return. False, and nothing is changed, where one stands: of several who
 * create it at the same time exactly one is told true.
 */
export function createFileAtomic(path: string, bytes: Uint8Array, mode: number): boolean {
  let isOurs = false
  // A link, unlike a rename, fails where another process was first.
  throughTemporary(path, { bytes, mode }, (temporary) => {
    isOurs = linkUnlessThere(temporary, path)
  })
  return isOurs
}

/**
 * The secret in the file, created (0600) where there is none: random bytes, or what `create` makes. Two processes that create it at the same
 * time get the same secret. Whoever can read the file holds the secret, so one that others may read, or that is not of the
 * asked size, is refused: `data_folder_unusable`.
 */
export function loadOrCreateKeyFile(
  path: string,
  { bytes, create = () => randomBytes(bytes) }: { readonly bytes: number; readonly create?: () => Uint8Array },
): Uint8Array {
  const kept = readKeyFile(path, bytes)
  if (kept !== null) return kept
  createFileAtomic(path, create(), 0o600) // where another process was first, that one's secret holds
  const created = readKeyFile(path, bytes)
  if (created === null) throw unusable(path, 'vanished while it was created')
  return created
}

/**
 * Makes sure that the folder is there and that only its owner may enter it (0700). An empty folder is closed to others; one
 * that holds something and stands open is refused with `data_folder_unusable`: who knows what was already read.
 */
export function ensurePrivateDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    syncName(path)
    if (isPrivate(statSync(path).mode)) return
    if (readdirSync(path).length === 0) return chmodSync(path, 0o700)
  } catch (cause) {
    throw unusable(path, 'cannot be made or entered', { cause })
  }
  throw unusable(path, `may be entered by others: chmod 700 ${path}`)
}

/** Its own name, too, is to be there after a power cut, whenever it was made. */
function syncName(path: string): void {
  try {
    syncFolder(dirname(path))
  } catch (error) {
    // A folder that stands in one we may not read is not of our making.
    if (!hasCode(error, 'EACCES')) throw error
  }
}

function readKeyFile(path: string, bytes: number): Uint8Array | null {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null
    throw unusable(path, 'must be a plain file that its owner may read', { cause })
  }
  try {
    const found = fstatSync(fd)
    const { mode, size } = found
    if (!found.isFile()) throw unusable(path, 'must be a plain file')
    if (!isPrivate(mode)) throw unusable(path, `may be read by others: replace the secret, or chmod 600 ${path}`)
    if (size !== bytes) throw unusable(path, `must hold ${bytes} bytes, holds ${size}: restore it from a backup`)
    // A copy of its own: a pooled buffer, handed to a worker, would take its neighbours along.
    return new Uint8Array(readFileSync(fd))
  } finally {
    closeSync(fd)
  }
}

function isPrivate(mode: number): boolean {
  return (mode & 0o077) === 0
}

/** Writes a temporary file beside `path`, has it put in place, and makes both durable. */
function throughTemporary(
  path: string,
  content: { readonly bytes: Uint8Array; readonly mode: number },
  putInPlace: (temporary: string) => void,
): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`)
  try {
    writeDurably(temporary, content)
    putInPlace(temporary)
    syncFolder(dirname(path))
  } catch (cause) {
    throw unusable(path, 'cannot be written', { cause })
  } finally {
    rmSync(temporary, { force: true })
  }
}

function writeDurably(path: string, { bytes, mode }: { readonly bytes: Uint8Array; readonly mode: number }): void {
  const fd = openSync(path, 'wx', mode & 0o600)
  try {
    fchmodSync(fd, mode)
    writeFileSync(fd, bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function linkUnlessThere(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    return false
  }
}

function unusable(path: string, what: string, options?: { readonly cause: unknown }): GatehouseError {
  return new GatehouseError('data_folder_unusable', `Cannot use '${path}': ${what}`, options)
}

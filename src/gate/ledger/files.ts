import { closeSync, constants, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { GatehouseError } from '../../core/mod.ts'
import type { LedgerLog } from './logs.ts'

/** Where the files of one log are. */
export function walDirOf(dir: string, log: LedgerLog): string {
  return join(dir, log, 'wal')
}

export function recoveryDirOf(dir: string, log: LedgerLog): string {
  return join(dir, log, 'recovery')
}

/**
 * Makes a folder where there is none. Its name is durable in either case, since one that is there may have been made just
 * before a crash; those above it are the caller's.
 */
export function makeFolder(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  syncDir(dirname(dir))
}

/** Makes names in this folder durable: a new file is not there after a power cut before its folder is synced. */
export function syncDir(dir: string): void {
  const fd = openSync(dir, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** All of it, or an error: a short write is one. */
export function writeWhole(fd: number, bytes: Uint8Array, position: number): void {
  const written = writeSync(fd, bytes, 0, bytes.length, position)
  if (written !== bytes.length)
    throw new GatehouseError('ledger_poisoned', `Short write to the ledger: ${written} of ${bytes.length} bytes`)
}

/** A small file that is there whole or not at all, durably. */
export function writeSmallFile(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.new`
  const fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600)
  try {
    writeWhole(fd, bytes, 0)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, path)
  syncDir(dirname(path))
}

/**
 * The mark `open-from`, written at each rotation: every `opened` record below `at`, the first of the next file, has its
 * terminal record below it too, but for those in `open`. So recovery looks for answers without an end there, and from `at` on.
 * An older mark is as true as a newer one; a damaged or missing one is none.
 */
export interface OpenMark {
  readonly at: number
  readonly open: readonly number[]
}

export function writeOpenMark(dir: string, log: LedgerLog, { at, open }: OpenMark): void {
  const text = [at, ...open].join(' ')
  writeSmallFile(openMarkOf(dir, log), Buffer.from(`${text}\n${crc32(text)}\n`))
}

export function readOpenMark(dir: string, log: LedgerLog): OpenMark | null {
  try {
    const [text = '', sum = ''] = readFileSync(openMarkOf(dir, log), 'latin1').split('\n')
    if (sum !== String(crc32(text)) || !/^\d{1,15}( \d{1,15})*$/.test(text)) return null
    const [at = 0, ...open] = text.split(' ').map(Number)
    return { at, open }
  } catch {
    return null
  }
}

function openMarkOf(dir: string, log: LedgerLog): string {
  return join(dir, log, 'open-from')
}

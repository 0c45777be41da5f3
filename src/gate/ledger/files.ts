import { closeSync, constants, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
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
 * The mark `open-from`, written at each rotation: every `opened` record below it has its terminal record below the record
 * that the next file begins with. So recovery looks for answers without an end from here on, and no earlier. An older
 * mark is as true as a newer one, only lower; a damaged or missing one counts as 0.
 */
export function writeOpenMark(dir: string, log: LedgerLog, seq: number): void {
  writeSmallFile(openMarkOf(dir, log), Buffer.from(`${seq} ${crc32(String(seq))}\n`))
}

export function readOpenMark(dir: string, log: LedgerLog): number {
  try {
    const [seq = '', sum = ''] = readFileSync(openMarkOf(dir, log), 'latin1').trimEnd().split(' ')
    return /^\d{1,15}$/.test(seq) && sum === String(crc32(seq)) ? Number(seq) : 0
  } catch {
    return 0
  }
}

function openMarkOf(dir: string, log: LedgerLog): string {
  return join(dir, log, 'open-from')
}

import { spawnSync } from 'node:child_process'
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { GatehouseError } from '../../core/mod.ts'

const lockMsMax = 5000

/**
 * Makes this process the one writer of a ledger folder, until it is disposed of or the process ends in whatever way:
 * `flock(1)` locks the descriptor that it inherits, and the lock lives as long as ours is open.
 * Throws `ledger_locked` when another process is the writer.
 */
export function lockLedger(dir: string): Disposable {
  const path = join(dir, 'LOCK')
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  const locked = spawnSync('flock', ['-x', '-n', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    timeout: lockMsMax,
    encoding: 'utf8',
  })
  if (locked.status !== 0) {
    closeSync(fd)
    if (locked.status === 1 && locked.stderr === '')
      throw new GatehouseError('ledger_locked', `Cannot open the ledger in ${dir}: ${holderOf(path)} writes to it`)
    const why = locked.error?.message ?? locked.stderr.trim()
    throw new GatehouseError(
      'data_folder_unusable',
      `Cannot lock the ledger in ${dir}: flock(1) failed${why === '' ? '' : `, ${why}`}`,
      { cause: locked.error },
    )
  }
  ftruncateSync(fd)
  writeSync(fd, `${process.pid}\n`, 0)
  return { [Symbol.dispose]: () => closeSync(fd) }
}

function holderOf(path: string): string {
  const pid = readFileSync(path, 'latin1').trim()
  return /^\d+$/.test(pid) ? `process ${pid}` : 'another process'
}

import { constants, rmSync } from 'node:fs'
import { open, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiskStatus } from '../../core/mod.ts'

/** Room on the disk of a folder. */
export interface DiskRoom {
  readonly freeBytes: number
  readonly totalBytes: number
}

/** Asks the file system; a test hands in another. */
export type AskRoom = (dir: string) => Promise<DiskRoom>

/** By statfs: what an unprivileged writer may still take. */
export const askRoom: AskRoom = async (dir) => {
  const { bavail, blocks, bsize } = await statfs(dir)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

const thresholds = [
  { state: 'full', below: 0.01 },
  { state: 'shed', below: 0.05 },
  { state: 'warn', below: 0.15 },
] as const

/** What so much room means. */
export function diskStatusOf(room: DiskRoom): DiskStatus {
  const share = room.totalBytes === 0 ? 1 : room.freeBytes / room.totalBytes
  return { ...room, state: thresholds.find(({ below }) => share < below)?.state ?? 'ok' }
}

/** Looks at the disk each second. */
export interface DiskWatch extends Disposable {
  readonly status: DiskStatus
}

const lookMsDefault = 1000

/** Watches from a first look on; `onFull` is called once, when the last threshold is passed. */
export function watchDisk(options: {
  readonly dir: string
  readonly askRoom: AskRoom
  readonly first: DiskStatus
  readonly onFull: () => void
  /**
   * From one look to the next.
   * @default 1000
   */
  readonly lookMs?: number
}): DiskWatch {
  let status = options.first
  let isTold = false
  let isAsking = false
  const look = async (): Promise<void> => {
    if (isAsking) return // a disk that hangs is asked once
    isAsking = true
    try {
      status = diskStatusOf(await options.askRoom(options.dir))
      await growBallast(options.dir, status)
    } catch {
      return // what is wrong with the folder, writing to it will tell
    } finally {
      isAsking = false
    }
    if (status.state !== 'full' || isTold) return
    isTold = true
    options.onFull()
  }
  const timer = setInterval(() => void look(), options.lookMs ?? lookMsDefault)
  timer.unref()
  return {
    get status() {
      return status
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

/** Room that is held for the last records of a ledger whose disk is full. */
export const ballastBytes: number = 64 * 1024 * 1024
const zeros = Buffer.alloc(1024 * 1024)

function ballastOf(dir: string): string {
  return join(dir, 'ballast')
}

/**
 * Makes the ballast a piece larger, as long as the disk has room for all of it; at each look, so that nobody waits for it.
 * It holds zeros that were written, since a hole in a file takes no room.
 */
export async function growBallast(dir: string, { freeBytes, totalBytes }: DiskRoom): Promise<void> {
  await using file = await open(ballastOf(dir), constants.O_WRONLY | constants.O_CREAT, 0o600)
  const { size } = await file.stat()
  const missing = ballastBytes - size
  if (missing <= 0 || diskStatusOf({ freeBytes: freeBytes - missing, totalBytes }).state !== 'ok') return
  await file.write(zeros, 0, zeros.length, size)
  await file.sync()
}

/** Gives the room back to the disk. */
export function releaseBallast(dir: string): void {
  rmSync(ballastOf(dir), { force: true })
}

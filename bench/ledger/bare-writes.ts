/** What the disk alone costs: the same bytes in the same batches, by one thread that does nothing else. */
import { closeSync, constants, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** How a write becomes durable. */
export type BareKind = 'write + fdatasync' | 'write, O_DSYNC'

export interface BareResult {
  readonly p50Us: number
  readonly p99Us: number
  /** Per write. */
  readonly cpuUs: number
}

const fileBytes = 32 * 1024 * 1024

/** A file of zeros, written in turn and from its beginning again, as the ledger's are: no growth is in the way. */
export function openBareFile(folder: string, kind: BareKind): BareFile {
  return new BareFile(join(folder, kind === 'write, O_DSYNC' ? 'bare-dsync' : 'bare-fdatasync'), kind)
}

/** One file for one kind of write. */
export class BareFile implements Disposable {
  readonly #fd: number
  readonly #syncs: boolean
  #at = 0

  constructor(path: string, kind: BareKind) {
    const fill = openSync(path, 'w')
    for (let at = 0; at < fileBytes; at += block.length) writeSync(fill, block)
    fsyncSync(fill)
    closeSync(fill)
    this.#syncs = kind === 'write + fdatasync'
    this.#fd = openSync(path, this.#syncs ? constants.O_RDWR : constants.O_RDWR | constants.O_DSYNC)
  }

  /** Writes batches of so many bytes for so long. */
  measure(batchBytes: number, ms: number): BareResult {
    const batch = Buffer.alloc(batchBytes, 'record')
    const latencies: number[] = []
    const cpu = process.threadCpuUsage()
    const untilMs = performance.now() + ms
    for (let startMs = performance.now(); startMs < untilMs;) {
      if (this.#at + batchBytes > fileBytes) this.#at = 0
      writeSync(this.#fd, batch, 0, batchBytes, this.#at)
      if (this.#syncs) fdatasyncSync(this.#fd)
      this.#at += batchBytes
      const nowMs = performance.now()
      latencies.push(nowMs - startMs)
      startMs = nowMs
    }
    const { user, system } = process.threadCpuUsage(cpu)
    const sorted = latencies.toSorted((a, b) => a - b)
    const at = (share: number): number => (sorted[Math.floor(sorted.length * share)] ?? 0) * 1000
    return { p50Us: at(0.5), p99Us: at(0.99), cpuUs: (user + system) / latencies.length }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}

const block = Buffer.alloc(1024 * 1024)

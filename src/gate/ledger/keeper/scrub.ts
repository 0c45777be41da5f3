import type { Clock, ScrubStatus } from '../../../core/mod.ts'
import { sha256, verifyEd25519 } from '../../../crypto/mod.ts'
import { parseTilePath, tileWidth, verifyLog, type Fault, type VerifierKey } from '../../../tlog/mod.ts'
import { sampleCheckpoints } from '../checkpoint-log.ts'
import { openLedgerFiles } from '../ledger-files.ts'
import type { LedgerLog } from '../logs.ts'
import { logDirOf } from '../tree-files.ts'

export interface ScrubOptions {
  readonly dir: string
  readonly log: LedgerLog
  readonly key: VerifierKey
  /** Read at most, on average. */
  readonly bytesPerSecond: number
  readonly clock: Clock
  /** Rejects when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** What a round has found. */
export interface ScrubRound {
  readonly log: LedgerLog
  /** Records of the checkpoint that the round began with. */
  readonly size: number
  readonly faults: number
  /** The first of them. */
  readonly first: Fault | null
}

/** Debts of sleep below this are collected. */
const sleepMsMin = 20

/**
 * Re-reads everything that the newest checkpoint covers, with the verifier's own code, at a limited speed. Finds what changes
 * on disk long after it was written and signed.
 */
export class Scrub {
  readonly #options: ScrubOptions
  #status: ScrubStatus = { checkedTo: 0, faults: 0, lastRoundAtMs: null }
  #debtMs = 0

  constructor(options: ScrubOptions) {
    this.#options = options
  }

  get status(): ScrubStatus {
    return this.#status
  }

  /**
   * One round; null when nothing is signed yet. `onFault` hears of the round's first fault at once. Ends with the signal's
   * reason when that is aborted.
   */
  async round(signal: AbortSignal, onFault: (fault: Fault) => void): Promise<ScrubRound | null> {
    const { dir, log, key, clock } = this.#options
    const files = openLedgerFiles(dir) // anew, so that nothing that was read before is believed
    if (files.read(log, 'checkpoint') === null) return null
    this.#status = { ...this.#status, checkedTo: 0 }
    let faults = 0
    const report = await verifyLog({
      read: (path) => this.#read(path, files.read(log, path), signal),
      hash: sha256,
      verify: verifyEd25519,
      keys: [key],
      origin: key.name,
      history: sampleCheckpoints(logDirOf(dir, log), key),
      signal,
      onFault: (fault) => {
        faults++
        this.#status = { ...this.#status, faults: Math.max(this.#status.faults, faults) }
        if (faults === 1) onFault(fault)
      },
    })
    const size = report.size ?? 0
    this.#status = { checkedTo: size, faults: report.faultsTotal, lastRoundAtMs: Math.round(clock.wallMs()) }
    return { log, size, faults: report.faultsTotal, first: report.faults[0] ?? null }
  }

  async #read(path: string, bytes: Uint8Array | null, signal: AbortSignal): Promise<Uint8Array | null> {
    this.#debtMs += ((bytes?.length ?? 0) / this.#options.bytesPerSecond) * 1000
    // Even an empty read gives way to other work.
    const sleepMs = this.#debtMs >= sleepMsMin ? this.#debtMs : 0
    this.#debtMs -= sleepMs
    // The verification itself ends with the signal; a read that throws would be a fault of the log.
    await this.#options.sleep(sleepMs, signal).catch(() => {})
    const checkedTo = checkedBefore(path)
    if (checkedTo > this.#status.checkedTo) this.#status = { ...this.#status, checkedTo }
    return bytes
  }
}

/** Bundles are read in order: when one is read, those before it were checked. */
function checkedBefore(path: string): number {
  if (!path.startsWith('tile/entries/')) return 0
  return parseTilePath(path).index * tileWidth
}

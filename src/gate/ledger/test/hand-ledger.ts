import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import type { Clock, LedgerSettings } from '../../../core/mod.ts'
import { CommitLoop } from '../commit-loop.ts'
import { walDirOf } from '../files.ts'
import { ledgerLogs } from '../logs.ts'
import { ThreadRecordLog } from '../record-log-thread.ts'
import { recoverLog } from '../recovery.ts'
import { openLedgerKeys } from '../seal/ledger-keys.ts'
import type { SealingSlot } from '../seal/thread-sealer.ts'
import { allocateSpine, slotOf, type SpineMemory } from '../spine-memory.ts'
import { origins } from './sealing.ts'
import { memoryDir, settings, temporaryDir } from './support.ts'

/** A ledger whose commits happen when the test says so, with one thread's end of it and a clock moved by hand. */
export interface HandLedger extends Disposable {
  readonly dir: string
  readonly spine: SpineMemory
  readonly loop: CommitLoop
  readonly log: ThreadRecordLog
  readonly clock: Clock & { nowMs: number }
  /** Commits what is there, and lets the thread's messages arrive. */
  commit(): Promise<void>
}

export interface HandLedgerOptions {
  readonly settings?: Partial<LedgerSettings>
  readonly inflightMax?: number
  readonly firstPosition?: number
  readonly dir?: string
  /** Where rows go instead of the key store. */
  readonly keyRowsPath?: string
}

export function openByHand(options: HandLedgerOptions = {}): HandLedger {
  const folder = temporaryDir(memoryDir)
  const dir = options.dir ?? folder.dir
  for (const log of ledgerLogs) mkdirSync(walDirOf(dir, log), { recursive: true })
  const used = { ...settings, ...options.settings }
  const spine = allocateSpine({
    threads: 1,
    settings: used,
    inflightMax: options.inflightMax ?? 1000,
    firstPosition: options.firstPosition ?? 0,
  })
  const [ring] = spine.rings
  if (ring === undefined) throw new Error('no ring')
  const control = new MessageChannel()
  const wake = new MessageChannel()
  const positions = ledgerLogs.map((log) => recoverLog(dir, log).position)
  const { sealing, keyRowsPath } = sealingIn(dir)
  const loop = new CommitLoop({
    dir,
    boot: new Uint8Array(16),
    paceMs: 0,
    flushMs: 0,
    control: control.port1,
    controlBlock: spine.controlBlock,
    rings: [...spine.rings, spine.main],
    positions,
    leafHeads: spine.leafHeads,
    keyRowsPath: options.keyRowsPath ?? keyRowsPath,
  })
  loop.open()
  loop.attach(0, wake.port1)
  const clock = { nowMs: 0, wallMs: () => 1_700_000_000_000 + clock.nowMs, monotonicMs: () => clock.nowMs }
  const log = new ThreadRecordLog({ slot: slotOf(spine, ring, { settings: used, sealing }), port: wake.port2, clock })
  return {
    dir,
    spine,
    loop,
    log,
    clock,
    commit: async () => {
      while (loop.commit());
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
    },
    [Symbol.dispose]: () => {
      loop.close()
      for (const port of [control.port1, control.port2, wake.port1, wake.port2]) port.close()
      folder[Symbol.dispose]()
    },
  }
}

function sealingIn(dir: string): { readonly sealing: SealingSlot; readonly keyRowsPath: string } {
  const { root, store } = openLedgerKeys(dir)
  for (const log of ledgerLogs) writeFileSync(join(dir, log, 'origin'), `${origins[log]}\n`)
  return { sealing: { root, start: store.start, boot: '00112233aabbccdd', origins }, keyRowsPath: store.path }
}

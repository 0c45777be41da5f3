import { mkdirSync } from 'node:fs'
import type { Clock } from '../../../core/mod.ts'
import { sha256, signEd25519 } from '../../../crypto/mod.ts'
import { encodeRecord, encodeUtf8, type LogReport, verifyLog } from '../../../tlog/mod.ts'
import { verifyEd25519 } from '../../../crypto/mod.ts'
import { CheckpointLog, readCheckpointLogEnd, sampleCheckpoints } from '../checkpoint-log.ts'
import { Batch } from '../commit.ts'
import { walDirOf } from '../files.ts'
import { LogKeeper } from '../keeper/log-keeper.ts'
import { LeafChain } from '../leaf-chain.ts'
import { allocateLeafHeads, LeafHeadWriter, readLeafHead } from '../leaf-head.ts'
import { openLedgerFiles } from '../ledger-files.ts'
import { type LogIdentity, openLogIdentity } from '../log-identity.ts'
import { type Recovered, recoverLog } from '../recovery.ts'
import { logDirOf } from '../tree-files.ts'
import { WalWriter } from '../wal-writer.ts'

/** The access log as the ledger thread and the keeper write it, each step when the test says so. */
export interface HandLog extends Disposable {
  readonly dir: string
  readonly identity: LogIdentity
  readonly recovered: Recovered
  readonly keeper: LogKeeper
  readonly clock: Clock & { nowMs: number }
  readonly size: number
  /** One batch for each number, of so many records. */
  write(...batches: readonly number[]): void
  /** Turns until there is nothing to do, after the time between two checkpoints has passed. */
  keep(): Promise<void>
}

export function identityOf(dir: string): LogIdentity {
  mkdirSync(logDirOf(dir, 'access'), { recursive: true })
  return openLogIdentity(dir, 'access', { node: 'test', keysDir: dir })
}

/** A record of which the content follows from its place and the `mark` alone. */
export function entryOf(seq: number, mark = ''): Uint8Array {
  const publicPart = encodeUtf8(`{"k":"x${mark}","n":${seq},"p":"${'.'.repeat((seq * 7) % 40)}"}`)
  return encodeRecord({ sequence: seq, committedUs: 0, isControl: false, publicPart, sealed: null })
}

export function openHandLog(
  dir: string,
  { everyMs = 1000, mark = '' }: { everyMs?: number; mark?: string } = {},
): HandLog {
  const identity = identityOf(dir)
  const recovered = recoverLog(dir, 'access', identity.key)
  const ledger = openWriter(dir, recovered, mark)
  const clock = { nowMs: 0, wallMs: () => 1_700_000_000_000 + clock.nowMs, monotonicMs: () => clock.nowMs }
  const checkpoints = new CheckpointLog(logDirOf(dir, 'access'), recovered.checkpoints)
  const keeper = new LogKeeper({
    dir,
    log: 'access',
    key: identity.key,
    sign: (message) => signEd25519(identity.privateKey, message),
    head: () => readLeafHead(ledger.heads, 0),
    checkpoints,
    clock,
    everyMs,
  })
  return {
    dir,
    identity,
    recovered,
    keeper,
    clock,
    get size() {
      return ledger.size()
    },
    write: (...batches) => {
      for (const count of batches) ledger.write(count)
    },
    keep: async () => {
      clock.nowMs += everyMs
      while (await keeper.turn());
    },
    [Symbol.dispose]: () => {
      ledger.close()
      keeper[Symbol.dispose]()
      checkpoints[Symbol.dispose]()
    },
  }
}

/** The ledger thread's part: batches on disk, and their leaves published. */
function openWriter(
  dir: string,
  { position }: Recovered,
  mark: string,
): { heads: SharedArrayBuffer; size: () => number; write: (count: number) => void; close: () => void } {
  const heads = allocateLeafHeads(1)
  const head = new LeafHeadWriter(heads, 0, { size: position.nextSeq, peaks: position.peaks })
  const leaves = new LeafChain(position.nextSeq)
  const walDir = walDirOf(dir, 'access')
  const writer = new WalWriter({ walDir, position, boot: new Uint8Array(16), wallMs: () => 5, beat: () => {} })
  const batch = new Batch()
  let prev = Buffer.from(position.prev)
  const publish = (): void => head.publish({ size: leaves.size, block: leaves.block, file: writer.file })
  publish()
  const write = (count: number): void => {
    if (writer.recordsLeft === 0) writer.rotate()
    batch.begin({ seq: writer.nextSeq, recordsMax: writer.recordsLeft, us: 7 })
    for (let i = 0; i < count; i++) {
      const entry = Buffer.from(entryOf(batch.nextSeq, mark))
      batch.add(entry, 0, entry.length)
    }
    const sealed = batch.seal(prev)
    writer.write(sealed.bytes, batch.records)
    prev = Buffer.from(sealed.digest)
    batch.addTo(leaves)
    publish()
  }
  return { heads, size: () => leaves.size, write, close: () => writer[Symbol.dispose]() }
}

/** What a verifier says of the log, served as it is to others. */
export async function verify(dir: string, more: { readonly history?: boolean } = {}): Promise<LogReport> {
  const { key } = identityOf(dir)
  const files = openLedgerFiles(dir)
  return await verifyLog({
    read: (path) => Promise.resolve(files.read('access', path)),
    hash: sha256,
    verify: verifyEd25519,
    keys: [key],
    origin: key.name,
    history: more.history === false ? [] : sampleCheckpoints(logDirOf(dir, 'access'), key),
  })
}

/** The last checkpoint that was recorded. */
export function lastCheckpoint(dir: string): { readonly size: number; readonly root: Uint8Array } | null {
  return readCheckpointLogEnd(logDirOf(dir, 'access'), identityOf(dir).key).last
}

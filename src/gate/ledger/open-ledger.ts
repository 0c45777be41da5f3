import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { decodeAccessEvent, GatehouseError, type LedgerLog, messageOf } from '../../core/mod.ts'
import { hangBell } from './commit-bell.ts'
import { words } from './control-block.ts'
import { cutOffEvent } from './dead-thread.ts'
import { askRoom as askFileSystem, diskStatusOf } from './disk-watch.ts'
import { makeFolder } from './files.ts'
import { type Keeping, startKeeping } from './keeping.ts'
import { type Ledger, type LedgerOptions, OpenLedger } from './ledger.ts'
import { type LedgerWorker, startLedgerWorker } from './ledger-worker.ts'
import { lockLedger } from './lock.ts'
import { type LogIdentity, openLogIdentity } from './log-identity.ts'
import { ledgerLogs } from './logs.ts'
import { type Recovered, recoverLog, type RecoveryNotice } from './recovery.ts'
import { keyFoldersOf, openLedgerKeys } from './seal/ledger-keys.ts'
import { readableRecord } from './seal/read-record.ts'
import { createRecordOpener } from './seal/record-opener.ts'
import { allocateSpine, type SpineMemory } from './spine-memory.ts'
import { type StallWatch, watchBeat } from './stall-watch.ts'
import { logDirOf } from './tree-files.ts'

const inflightMaxDefault = 16_384

/**
 * Locks, recovers and opens the ledger, records what recovery cut off, and ends every answer that the last crash cut off.
 * Throws `ledger_locked`, `ledger_corrupt` with every file and offset, `ledger_unreadable`, or `data_folder_unusable`.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { dir, settings } = options
  makeFolder(dir)
  await using opened = new AsyncDisposableStack()
  opened.use(lockLedger(dir))
  await assertRoom(options)
  const keys = openLedgerKeys(dir)
  const identities = ledgerLogs.map((log) => identityOf(log, options))
  const recovered = ledgerLogs.map((log, id) => recover(dir, log, identities[id]))
  const boot = randomBytes(16)
  const origins = originsOf(identities)
  const sealing = { root: keys.root, start: keys.store.start, boot: boot.toString('hex', 0, 8), origins }
  const opener = createRecordOpener({ root: keys.root, store: keys.store, originOf: (log) => origins[log] })
  const spine = allocateSpine({
    threads: options.threads,
    settings,
    inflightMax: options.inflightMax ?? inflightMaxDefault,
    firstPosition: options.firstPosition ?? 0,
  })
  const bell = opened.use(hangBell(spine.control))
  const running: Running = { ledger: null, worker: null }
  const keeping = opened.use(await keep(options, { spine, identities, recovered, running }))
  const worker = await startLedgerWorker({
    setup: {
      dir,
      boot,
      paceMs: settings.paceMs,
      flushMs: settings.flushMs,
      controlBlock: spine.controlBlock,
      rings: spine.rings.concat(spine.main),
      leafHeads: spine.leafHeads,
      keyRowsPath: keys.store.path,
      positions: recovered.map((log) => log.position),
    },
    onCommitted: () => bell.rung(),
    onFailed: options.onFailed,
    endMs: settings.stallMs,
  })
  opened.use(worker)
  const watch = opened.use(watchThread(worker, { options, spine }))
  const notices = recovered.flatMap((log) => log.notices)
  const ledger = new OpenLedger(options, { spine, worker, watch, bell, notices, sealing, opener, keeping })
  ledger.owns(opened.move())
  Object.assign(running, { ledger, worker })
  try {
    for (const notice of notices) await ledger.audit(recoveredEvent(notice, options))
    for (const { bytes } of recovered[0]?.open ?? []) {
      const begun = readableRecord('access', bytes, opener)
      if (begun !== null) await ledger.append(cutOffEvent(decodeAccessEvent(begun.bytes), 'process_died'))
    }
  } catch (error) {
    await ledger.close()
    throw error
  }
  return ledger
}

/** What runs, once it does. */
interface Running {
  ledger: Ledger | null
  worker: LedgerWorker | null
}

interface Kept {
  readonly spine: SpineMemory
  readonly identities: readonly LogIdentity[]
  readonly recovered: readonly Recovered[]
  readonly running: Running
}

async function keep(options: LedgerOptions, { spine, identities, recovered, running }: Kept): Promise<Keeping> {
  return await startKeeping({
    dir: options.dir,
    leafHeads: spine.leafHeads,
    identities,
    recovered,
    pace: options.keeperPace ?? {},
    clock: options.clock,
    askRoom: options.askRoom ?? askFileSystem,
    endMs: options.settings.stallMs,
    audit: async (event) => await running.ledger?.audit(event),
    // Before the ledger thread runs there is nothing to stop: its own start will find what the keeper found.
    onFailed: (why) => running.worker?.fail(why),
  })
}

function watchThread(
  worker: LedgerWorker,
  { options, spine }: { readonly options: LedgerOptions; readonly spine: SpineMemory },
): StallWatch {
  return watchBeat({
    beat: () => Atomics.load(spine.control.ints, words.beat),
    clock: options.clock,
    stallMs: options.settings.stallMs,
    onStall: (silentMs) => worker.fail(`the ledger thread was silent for ${Math.round(silentMs)} ms`),
  })
}

/** Throws `data_folder_unusable` on a disk so full that the ledger would close at once. */
async function assertRoom({ dir, askRoom = askFileSystem }: LedgerOptions): Promise<void> {
  const { state, freeBytes, totalBytes } = diskStatusOf(await askRoom(dir))
  if (state !== 'full') return
  throw new GatehouseError(
    'data_folder_unusable',
    `Cannot open the ledger in ${dir}: ${freeBytes} of ${totalBytes} bytes of its disk are free, and at least 1 % must be`,
  )
}

function identityOf(log: LedgerLog, { dir, node = hostname() }: LedgerOptions): LogIdentity {
  makeFolder(logDirOf(dir, log))
  return openLogIdentity(dir, log, { node, keysDir: keyFoldersOf(dir).keys })
}

/** The names of both logs, which the MAC of every record covers. */
function originsOf(identities: readonly LogIdentity[]): Readonly<Record<LedgerLog, string>> {
  const [access, audit] = identities
  return { access: access?.origin ?? '', audit: audit?.origin ?? '' }
}

/** What the file system refuses, told as what it means. */
function recover(dir: string, log: LedgerLog, identity: LogIdentity | undefined): Recovered {
  try {
    return recoverLog(dir, log, identity?.key)
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause
    throw new GatehouseError('ledger_unreadable', `Cannot recover the ledger in ${dir}: ${messageOf(cause)}`, { cause })
  }
}

function recoveredEvent(notice: RecoveryNotice, { clock }: LedgerOptions): Parameters<Ledger['audit']>[0] {
  const { log, path, offset, bytes, sha256, keptAt } = notice
  return {
    kind: 'ledger.recovered',
    atMs: Math.round(clock.wallMs()),
    actor: 'gate',
    details: { log, path, from: offset, bytes, sha256, keptAt },
  }
}

import type { AuditEvent, AuditKind, Clock, LedgerLog, LedgerStatus, LogStatus, ScrubStatus } from '../../core/mod.ts'
import type { Fault } from '../../tlog/mod.ts'
import { type AskRoom, diskStatusOf, releaseBallast, watchDisk } from './disk-watch.ts'
import type { KeeperPace } from './keeper/keeper-messages.ts'
import { type Keeper, startKeeper } from './keeper/keeper-worker.ts'
import type { ScrubRound } from './keeper/scrub.ts'
import type { LogIdentity } from './log-identity.ts'
import { ledgerLogs } from './logs.ts'
import type { Recovered } from './recovery.ts'

export interface KeepingOptions {
  readonly dir: string
  readonly leafHeads: SharedArrayBuffer
  /** In the order of their ids, as the two below. */
  readonly identities: readonly LogIdentity[]
  readonly recovered: readonly Pick<Recovered, 'checkpoints'>[]
  readonly pace: Partial<KeeperPace>
  readonly clock: Clock
  readonly askRoom: AskRoom
  /** Longest wait for the keeper's start and end. */
  readonly endMs: number
  /** Records an event; what cannot be recorded any more is dropped. */
  readonly audit: (event: AuditEvent) => Promise<void>
  /** Nothing more may be acknowledged: the process must end. */
  readonly onFailed: (why: string) => void
}

/** All that watches over the ledger while it is written: the keeper thread, the disk, and the audit records of both. */
export interface Keeping extends AsyncDisposable {
  status(sizes: Readonly<Record<LedgerLog, number>>): Pick<LedgerStatus, 'keeper' | 'logs' | 'disk'>
}

const paceDefault: KeeperPace = {
  checkpointMs: 1000,
  scrubBytesPerSecond: 4 * 1024 * 1024,
  scrubPauseMs: 600_000,
  // The audit log grows at least so often, and tells how long the access log is: silence shows, and so does what is missing.
  heartbeatMs: 60_000,
}

/** Starts it all. Closing it signs what is committed; so the ledger thread must have ended before. */
export async function startKeeping(options: KeepingOptions): Promise<Keeping> {
  const { dir, identities, recovered } = options
  const first = diskStatusOf(await options.askRoom(dir))
  const record = recorderOf(options)
  const pace = { ...paceDefault, ...options.pace }
  const keeper = await startKeeper({
    setup: {
      dir,
      leafHeads: options.leafHeads,
      logs: ledgerLogs.flatMap((log, id) => {
        const [identity, found] = [identities[id], recovered[id]]
        if (identity === undefined || found === undefined) return []
        return [{ log, key: identity.key, privateKey: identity.privateKey, checkpoints: found.checkpoints }]
      }),
      pace,
    },
    onFailed: options.onFailed,
    onFault: (log, fault) => void record('ledger.scrubbed', { log, fault: textOf(fault) }),
    onScrubbed: (round) => void record('ledger.scrubbed', detailsOf(round)),
    endMs: options.endMs,
  })
  const disk = watchDisk({
    dir,
    askRoom: options.askRoom,
    first,
    onFull: () => {
      releaseBallast(dir)
      void record('ledger.closing', { reason: 'the disk is full' }).then(() => options.onFailed('the disk is full'))
    },
  })
  const heartbeat = setInterval(() => void record('ledger.heartbeat', signedOf(keeper)), pace.heartbeatMs)
  heartbeat.unref()
  return {
    status: (sizes) => statusOf({ keeper, sizes, clock: options.clock, disk: disk.status }),
    [Symbol.asyncDispose]: async () => {
      clearInterval(heartbeat)
      disk[Symbol.dispose]()
      await keeper.close()
    },
  }
}

/** Never rejects. */
function recorderOf({
  clock,
  audit,
}: KeepingOptions): (kind: AuditKind, details: AuditEvent['details']) => Promise<void> {
  return (kind, details) =>
    audit({ kind, atMs: Math.round(clock.wallMs()), actor: 'gate', details }).catch(() => {
      // A ledger that no longer records has said so itself, and louder.
    })
}

/** Both logs as they were last signed. */
function signedOf({ logs }: Keeper): AuditEvent['details'] {
  const signed: Record<string, string | number> = {}
  for (const log of ledgerLogs) {
    const checkpoint = logs?.[log].checkpoint
    if (checkpoint) Object.assign(signed, { [`${log}Root`]: checkpoint.root, [`${log}Size`]: checkpoint.size })
  }
  return signed
}

function detailsOf({ log, size, faults, first }: ScrubRound): AuditEvent['details'] {
  return { log, size, faults, ...(first === null ? {} : { first: textOf(first) }) }
}

function textOf({ kind, from, to, file, offset, detail }: Fault): string {
  return `${kind}, records ${from} to ${to}, ${file ?? 'no one file'}${offset === null ? '' : ` at ${offset}`}: ${detail}`
}

interface Now {
  readonly keeper: Keeper
  readonly sizes: Readonly<Record<LedgerLog, number>>
  readonly clock: Clock
  readonly disk: LedgerStatus['disk']
}

const notScrubbed: ScrubStatus = { checkedTo: 0, faults: 0, lastRoundAtMs: null }

function statusOf({ keeper, sizes, clock, disk }: Now): ReturnType<Keeping['status']> {
  const logOf = (log: LedgerLog): LogStatus => {
    const told = keeper.logs?.[log] ?? null
    const checkpoint = told?.checkpoint ?? null
    const ageMs = checkpoint === null ? 0 : Math.max(0, Math.round(clock.wallMs() - checkpoint.atMs))
    return {
      size: sizes[log],
      checkpoint: checkpoint === null ? null : { size: checkpoint.size, atMs: checkpoint.atMs, ageMs },
      scrub: told?.scrub ?? notScrubbed,
    }
  }
  return {
    keeper: { state: keeper.failure === null ? 'ok' : 'failed', why: keeper.failure },
    logs: { access: logOf('access'), audit: logOf('audit') },
    disk,
  }
}

import { join } from 'node:path'
import { type Follower, GatehouseError, type GateStatus, type LedgerLog, type LedgerRecord } from '../core/mod.ts'
import type { LedgerDoor, RecentAudit, RecentEvents } from '../desk/admin/mod.ts'
import type { Control } from '../desk/control/mod.ts'
import { type LinkClient, openLinkClient } from '../link/mod.ts'
import { openAuditDrain } from './audit-drain.ts'
import { type Followers, openFollowers } from './followers.ts'
import type { ProcessLog } from './process-log.ts'

export interface DeskLinkParts {
  readonly dataDir: string
  readonly control: Control
  readonly events: RecentEvents
  readonly audit: RecentAudit
  /** Everything else that follows the access log, each from a cursor of its own. */
  readonly others: readonly DeskFollower[]
  readonly onStatus: (status: GateStatus) => void
  readonly log: ProcessLog
}

/** A follower of the access log in the desk. */
export interface DeskFollower extends Follower {
  /**
   * Called at each connection, before the cursor is asked for, with the number of records in the ledger. One that has got
   * more than that followed another ledger and begins anew.
   */
  begin(ledgerSize: number): void
}

/** What joins the desk to its gate: followers of both logs, changes and their audit events, questions. */
export interface DeskLink extends AsyncDisposable {
  readonly link: LinkClient
  /** Of each follower of the access log by name, the first record that it has not got. */
  readonly places: ReadonlyMap<string, number>
}

/** Records that one that is behind reads at once. */
const catchUpRecords = 2_000

/** Connects, and connects again whenever the gate was away. */
export function openDeskLink(parts: DeskLinkParts): DeskLink {
  const { control, events, audit, others, log } = parts
  const opened = new AsyncDisposableStack()
  const followers: Followers = opened.use(
    openFollowers({
      lead: events,
      others,
      read: (from) => link.records('access', from, catchUpRecords),
      onProblem: (name, why) => log.warn('A follower of the ledger cannot go on for now', { name, why }),
    }),
  )
  const drain = opened.use(
    openAuditDrain({
      outbox: control.outbox,
      send: (entries) => link.audit(entries),
      onProblem: (why) => log.warn('The audit log is not told yet of changes; they wait in the control store', { why }),
    }),
  )
  const straying = watchRevision({ control, resend: () => link.resend(), log })
  const link: LinkClient = opened.use(
    openLinkClient({
      path: join(parts.dataDir, 'link.sock'),
      snapshot: () => control.snapshot(),
      cursor: async (of, size) => {
        if (of === 'audit') return audit.begin(size)
        events.begin(size)
        for (const other of others) other.begin(size)
        return await followers.cursor()
      },
      follow: (of, batch) => (of === 'audit' ? audit.follow(batch) : followers.follow(batch)),
      onStatus: (status) => {
        parts.onStatus(status)
        straying.look(status.revision)
      },
      onConnect: ({ sizes, revision }) => {
        log.info('The gate is connected', { ...sizes, revision })
        drain.look()
      },
      onDisconnect: (why) => log.warn('The gate is gone', { why }),
    }),
  )
  return { link, places: followers.places, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Statuses in a row that may show other rules than the desk's while a change is on its way. */
const strayingMax = 3

/** A gate that stays behind, for instance because its disk refused the rules, is given all of them once more. */
function watchRevision({ control, resend, log }: { control: Control; resend: () => void; log: ProcessLog }): {
  look(revision: number): void
} {
  let straying = 0
  return {
    look: (revision) => {
      straying = revision === control.revision ? 0 : straying + 1
      if (straying <= strayingMax) return
      straying = 0
      log.warn('The gate works by other rules; sending them whole', { gate: revision, desk: control.revision })
      resend()
    },
  }
}

/** The ledger through a link that opens later than those who ask. */
export function ledgerThrough(link: () => LinkClient | null): LedgerDoor {
  const linked = (): LinkClient => {
    const found = link()
    if (found === null) throw new GatehouseError('unreachable', 'Cannot ask the gate: the desk is starting')
    return found
  }
  return {
    ledgerFile: async (log: LedgerLog, path: string): Promise<Uint8Array | null> =>
      await linked().ledgerFile(log, path),
    proof: async (log, seq) => await linked().proof(log, seq),
    records: async (log, from, recordsMax): Promise<readonly LedgerRecord[]> =>
      await linked().records(log, from, recordsMax),
  }
}

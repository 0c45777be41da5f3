import { openMemoryControl, toldBy } from '../../../../test/support/memory-documents.ts'
import {
  type AccessEvent,
  type AuditEvent,
  type Documents,
  GatehouseError,
  type LedgerLog,
  type LedgerRecord,
  systemClock,
} from '../../../core/mod.ts'
import { openOutbound, type Outbound } from '../../../outbound/mod.ts'
import { type Exports, openExports, type SinkSettings } from '../exports.ts'
import { type Pace, pace } from '../pace.ts'
import { servedEvent } from './events.ts'

/** As the product's, but without its patience. */
export const quickPace: Pace = { ...pace, gatherMs: 1, pollMs: 5, retryMs: 2, retryMsMax: 20, cursorMs: 0 }

/** Both logs, in memory. */
export interface TestLedger {
  append(...events: readonly Partial<AccessEvent>[]): void
  audit(...events: readonly AuditEvent[]): void
  read(log: LedgerLog, from: number, recordsMax: number): Promise<readonly LedgerRecord[]>
  sizes(): Record<LedgerLog, number>
  /** Whether a gate is there. */
  connected: boolean
  /** Records before it are gone. */
  prunedTo: number
}

export function openTestLedger(): TestLedger {
  const logs: Record<LedgerLog, LedgerRecord[]> = { access: [], audit: [] }
  const add = (log: LedgerLog, event: object): void => {
    const seq = logs[log].length
    logs[log].push({ seq, recordedAtUs: 1_795_212_179_000_000 + seq, bytes: Buffer.from(JSON.stringify(event)) })
  }
  const ledger: TestLedger = {
    connected: true,
    prunedTo: 0,
    append: (...events) => {
      for (const event of events) add('access', { ...servedEvent, id: `r${logs.access.length}`, ...event })
    },
    audit: (...events) => {
      for (const event of events) add('audit', { ...event, boot: 'b1' })
    },
    read: async (log, from, recordsMax) => {
      if (!ledger.connected) throw new GatehouseError('unreachable', 'Cannot ask the gate: none is connected')
      const start = log === 'access' ? Math.max(from, ledger.prunedTo) : from
      return logs[log].slice(start, start + recordsMax)
    },
    sizes: () => ({ access: logs.access.length, audit: logs.audit.length }),
  }
  return ledger
}

/** The room with real documents, a real way out and a ledger in memory. */
export interface ExportBench extends AsyncDisposable {
  readonly ledger: TestLedger
  readonly documents: Documents
  readonly outbound: Outbound
  /** What the audit log was told of. */
  told(): Promise<readonly { readonly kind: string; readonly details: object }[]>
  /** Opens the sinks; may be done again after the ones before were closed. */
  open(sinks: readonly Partial<SinkSettings>[], pace?: Partial<Pace>): Promise<Exports>
}

export async function openExportBench(): Promise<ExportBench> {
  const opened = new AsyncDisposableStack()
  const control = opened.use(await openMemoryControl())
  const outbound = opened.use(openOutbound())
  const ledger = openTestLedger()
  return {
    ledger,
    documents: control.documents,
    outbound,
    told: async () => await toldBy(control),
    open: async (sinks, quicker = {}) =>
      await openExports({
        sinks: sinks.map((sink) => ({ ...hook, ...sink })),
        product: { version: '1.0.0', node: 'gate-1' },
        read: (log, from, recordsMax) => ledger.read(log, from, recordsMax),
        sizes: () => ledger.sizes(),
        documents: control.documents,
        outbound,
        clock: systemClock,
        random: () => 0.5,
        pace: { ...quickPace, ...quicker },
        onChange: () => {},
      }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const hook: SinkSettings = {
  name: 'hook',
  type: 'webhook',
  url: 'http://127.0.0.1:1/',
  ca: null,
  token: null,
  secret: null,
  only: [],
}

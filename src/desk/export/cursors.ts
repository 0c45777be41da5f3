import { type Clock, type Documents, type LedgerLog, ledgerLogs } from '../../core/mod.ts'

const collection = 'export-cursor'

/** Of each log, the first record that a sink has not acknowledged. */
export type Cursors = Readonly<Record<LedgerLog, number>>

/** Where one sink stands, in memory and, a little behind, on disk. */
export interface Places {
  readonly next: Cursors
  /** Another number whenever the places were set back: what was read before is of no use then. */
  readonly generation: number
  advance(log: LedgerLog, next: number): void
  /** Begins again at earlier places; false where there are none. */
  backTo(earlier: Partial<Cursors>): boolean
  /** Durable when it resolves. */
  keep(): Promise<void>
  /** The same, unless it was done a moment ago. */
  keepWhenDue(): Promise<void>
}

export interface PlacesOptions {
  readonly documents: Documents
  readonly sink: string
  readonly clock: Clock
  /** Least time between two writes. */
  readonly cursorMs: number
}

/** Reads where a sink goes on after a start: at the beginning of both logs where it is new. */
export async function openPlaces({ documents, sink, clock, cursorMs }: PlacesOptions): Promise<Places> {
  const read = async (log: LedgerLog): Promise<number> => nextOf(await documents.get(collection, `${sink}/${log}`))
  const next: Record<LedgerLog, number> = { access: await read('access'), audit: await read('audit') }
  let written: Cursors = { ...next }
  let writtenAtMs = clock.monotonicMs()
  let generation = 0
  const keep = async (): Promise<void> => {
    const now: Cursors = { ...next }
    if (written.access === now.access && written.audit === now.audit) return
    await documents.write(
      ledgerLogs.map((log) => ({ collection, id: `${sink}/${log}`, position: now[log], value: { next: now[log] } })),
    )
    written = now
    writtenAtMs = clock.monotonicMs()
  }
  return {
    next,
    get generation() {
      return generation
    },
    advance: (log, to) => void (next[log] = to),
    backTo: (earlier) => {
      const logs = ledgerLogs.filter((log) => (earlier[log] ?? next[log]) < next[log])
      for (const log of logs) next[log] = earlier[log] ?? next[log]
      if (logs.length > 0) generation++
      return logs.length > 0
    },
    keep,
    keepWhenDue: async () => {
      if (clock.monotonicMs() - writtenAtMs >= cursorMs) await keep()
    },
  }
}

function nextOf(value: unknown): number {
  const next = typeof value === 'object' && value !== null && 'next' in value ? value.next : 0
  return typeof next === 'number' && Number.isSafeInteger(next) && next >= 0 ? next : 0
}

import { type AuditEvent, decodeAuditEvent, type Documents, messageOf } from '../core/mod.ts'
import type { LedgerDoor } from '../desk/admin/mod.ts'

export interface AuditWatchOptions {
  readonly documents: Documents
  readonly ledger: Pick<LedgerDoor, 'records'>
  /** Called with the events of a page, in order, at least once each. */
  readonly onEvents: (events: readonly AuditEvent[]) => Promise<void>
  readonly onProblem: (why: string) => void
}

/** Reads the audit log at its own pace, from a durable place of its own. */
export interface AuditWatch {
  /** Reads on to the end. To be called now and then; calls do not overlap. */
  look(): Promise<void>
}

const collection = 'audit-watch'
const id = 'place'
const pageRecords = 1_000
/** Pages of one look, so that a long log is read in pieces. */
const pagesMax = 20

export function openAuditWatch({ documents, ledger, onEvents, onProblem }: AuditWatchOptions): AuditWatch {
  let place: number | null = null
  let kept = 0
  const begin = async (): Promise<number> => {
    kept = Number((await documents.get(collection, id)) ?? 0)
    // A ledger that is shorter than what was read of it is another one.
    const isThere = kept === 0 || (await ledger.records('audit', kept - 1, 1)).length > 0
    return isThere ? kept : 0
  }
  const look = async (): Promise<void> => {
    place ??= await begin()
    for (let page = 0; page < pagesMax; page++) {
      const records = await ledger.records('audit', place, pageRecords)
      if (records.length === 0) return
      await onEvents(records.flatMap(({ bytes }) => readable(bytes)))
      place += records.length
      // Most of it is the ledger's own heartbeat: not each of them is worth a write.
      if (place - kept < keepEvery && records.length < pageRecords) continue
      await documents.write([{ collection, id, value: place }])
      kept = place
    }
  }
  let looking = false
  return {
    look: async () => {
      if (looking) return
      looking = true
      try {
        await look()
      } catch (error) {
        onProblem(messageOf(error))
      } finally {
        looking = false
      }
    },
  }
}

const keepEvery = 50

function readable(bytes: Uint8Array): readonly AuditEvent[] {
  try {
    return [decodeAuditEvent(bytes)]
  } catch {
    return []
  }
}

import { ask } from '../api/query.ts'
import { readEvents } from '../api/reads.ts'
import type { EventPage, ShownEvent } from '../api/types.ts'
import { type LiveFilter, serverQuery } from './filter.ts'

/** Older records, and where the next page begins; `lookedAt`: how many places of the log were looked at for it. */
export interface OlderPage extends EventPage {
  readonly lookedAt: number
}

const pageRows = 500
/** Places of the log that are searched at once: an answer in part would not say how far it came, so then fewer are. */
const windows = [100_000, 10_000] as const

/** What is looked for. */
export interface Wanted {
  readonly filter: LiveFilter
  readonly text: string
}

/**
 * The records before a place that a filter means. The newest come from the desk's memory, where they are at once; what is older
 * comes from the index of all requests, and where there is none, from memory as far as that reaches.
 */
export async function readOlder(wanted: Wanted, before: number, isNewest: boolean): Promise<OlderPage> {
  if (isNewest) {
    const page = await fromMemory(wanted, before)
    // Memory has no more: the index is asked next.
    return page.next === null && before > 0 ? { ...page, next: page.items.at(-1)?.seq ?? before } : page
  }
  if (wanted.filter.problems.length > 0) return await fromMemory(wanted, before)
  for (const window of windows) {
    const page = await fromIndex(wanted.text, Math.max(0, before - window), before)
    if (page !== null) return page
  }
  return await fromMemory(wanted, before)
}

/** Null where the index cannot answer for all of it. */
async function fromIndex(text: string, from: number, before: number): Promise<OlderPage | null> {
  const answer = await ask(text, { seqFrom: from, seqTo: before }, pageRows)
  if (answer === null || answer.kind !== 'events' || !answer.short.every((why) => why === 'pruned')) return null
  const items: readonly ShownEvent[] = answer.rows
  const end = items.length < pageRows ? from : (items.at(-1)?.seq ?? from)
  // Before what it still has there is nothing to be found.
  const isOver = end === 0 || (answer.short.length > 0 && answer.rowsScanned === 0)
  return { items, next: isOver ? null : end, lookedAt: before - end }
}

async function fromMemory({ filter }: Wanted, before: number): Promise<OlderPage> {
  const page = await readEvents(serverQuery(filter), { before, limit: pageRows })
  return { ...page, lookedAt: page.items.length }
}

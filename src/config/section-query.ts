import * as z from 'zod'
import { section, setting } from './kinds.ts'
import { durationKind, sizeKind } from './measures.ts'

/** `query:` the index by which the log of requests is searched; takes effect at a start. */
export interface QuerySection {
  /** Milliseconds. */
  readonly keep: number
  readonly bytesMax: number
  readonly memoryMax: number
}

const members: z.ZodType<QuerySection> = z.strictObject({
  keep: setting(
    durationKind('1h', '3650d'),
    '30d',
    'How far back requests can be searched; the ledger itself keeps them longer',
  ),
  bytesMax: setting(sizeKind('10mb', '10000gb'), '10gb', 'Most room on the disk; the oldest requests go first'),
  memoryMax: setting(sizeKind('32mb', '256gb'), '256mb', 'Most memory for searching'),
})

/** The section with its defaults. */
export const querySchema: z.ZodType<QuerySection> = section(members, 'The index by which requests are searched')

/** What the index is opened with. */
export interface QueryConfig {
  readonly keepMs: number
  readonly bytesMax: number
  readonly memoryBytesMax: number
}

export function composeQuery({ keep, bytesMax, memoryMax }: QuerySection): QueryConfig {
  return { keepMs: keep, bytesMax, memoryBytesMax: memoryMax }
}

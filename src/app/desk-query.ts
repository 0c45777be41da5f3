import { join } from 'node:path'
import { openEmbeddedQueryIndex } from '../adapters/embedded/mod.ts'
import type { QueryEngine } from '../desk/query/mod.ts'
import type { DeskFollower } from './desk-link.ts'
import type { DeskBase, RoomDoors } from './desk-rooms.ts'

/** What the query index brings: it follows, and it answers. */
export interface DeskQuery {
  readonly follower: DeskFollower
  readonly doors: RoomDoors
  readonly engine: QueryEngine
}

/** Opens the index by which requests are searched; what it lost it reads from the gate's ledger again. */
export async function openDeskQuery({ dataDir, config, atRest, ledger, stack, log }: DeskBase): Promise<DeskQuery> {
  const index = stack.use(
    await openEmbeddedQueryIndex({
      path: join(dataDir, 'query-index'),
      key: atRest.key('index'),
      read: async (from, recordsMax) => await ledger.records('access', from, recordsMax),
      onProblem: (why) => log.warn('The query index', { why }),
      ...config.query,
    }),
  )
  return { follower: index, doors: { query: index }, engine: index }
}

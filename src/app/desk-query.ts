import { join } from 'node:path'
import { openEmbeddedQueryIndex } from '../adapters/embedded/mod.ts'
import { hasCode, messageOf } from '../core/mod.ts'
import type { QueryEngine, QueryIndex } from '../desk/query/mod.ts'
import type { DeskFollower } from './desk-link.ts'
import type { DeskBase, RoomDoors } from './desk-rooms.ts'

/** What the query index brings: it follows, and it answers. Nothing, where its engine cannot run on this machine. */
export interface DeskQuery {
  readonly followers: readonly DeskFollower[]
  readonly doors: RoomDoors
  readonly engine?: QueryEngine
}

/** Opens the index by which requests are searched; what it lost it reads from the gate's ledger again. */
export async function openDeskQuery(base: DeskBase): Promise<DeskQuery> {
  const { stack, log } = base
  try {
    const index = stack.use(await openIndex(base))
    return { followers: [index], doors: { query: index }, engine: index }
  } catch (error) {
    // Everything else must go on: there is no such engine for each platform.
    if (!hasCode(error, 'thread_failed')) throw error
    log.error('Requests cannot be searched: the engine of the query index does not run here', { why: messageOf(error) })
    return { followers: [], doors: {} }
  }
}

async function openIndex({ dataDir, config, atRest, ledger, log }: DeskBase): Promise<QueryIndex> {
  return await openEmbeddedQueryIndex({
    path: join(dataDir, 'query-index'),
    key: atRest.key('index'),
    read: async (from, recordsMax) => await ledger.records('access', from, recordsMax),
    onProblem: (why) => log.warn('The query index', { why }),
    ...config.query,
  })
}

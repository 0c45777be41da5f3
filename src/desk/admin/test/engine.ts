import { grouped, isIn, matches, ranked, rowsOf } from '../../../../test/conformance/query-oracle.ts'
import { type AccessEvent, emptyEvent } from '../../../core/mod.ts'
import type { QueryEngine, Shortfall } from '../../query/mod.ts'

/** A query engine over these requests, which looks at each; for what asks it for groups. */
export function engineOver(events: readonly Partial<AccessEvent>[], short: readonly Shortfall[] = []): QueryEngine {
  const rows = rowsOf(events.map((event) => ({ ...emptyEvent, ...event })))
  return {
    aggregate: async (query) => {
      const { by = [], measures = ['count'], limit = 100, filter } = query
      const found = rows.filter((row) => isIn(query, row) && matches(filter, row))
      const groups = ranked(grouped(found, { by, measures }), measures[0] ?? 'count')
      return {
        groups: groups.slice(0, limit),
        groupsTotal: groups.length,
        matched: found.length,
        scanned: 1,
        rowsScanned: rows.length,
        partial: short.length > 0,
        short,
        elapsedMs: 0,
      }
    },
    search: none,
    series: none,
    coverage: none,
  }
}

async function none(): Promise<never> {
  throw new Error('This engine answers in groups only')
}

import type { Api } from '../../core/mod.ts'
import type { RouteMatch } from './match.ts'
import { createMethodTable } from './method-table.ts'
import { createPathTable, type PathTable, templateAt } from './path-table.ts'
import { createRouter, type Router } from './router.ts'
import { parseTemplate } from './template.ts'

/** Two routes that answer the same requests: a mistake in the configuration. The router takes the first one. */
export interface RouteConflict {
  readonly first: RouteMatch
  readonly second: RouteMatch
  /** The hosts on which both answer; empty for every host. */
  readonly hosts: readonly string[]
  /** The methods that both name; empty when both take every method. */
  readonly methods: readonly string[]
}

/**
 * Compiles the routes of all APIs. Two routes conflict when a host, the shape of the path and a method are the same; a route
 * for every host, or for every method, is less specific than one that names it and conflicts with its like alone.
 */
export function compileRoutes(apis: readonly Api[]): { router: Router; conflicts: readonly RouteConflict[] } {
  const byHost = new Map<string, PathTable>()
  const anyHost = createPathTable()
  const clashes: Clash[] = []
  for (const match of flatten(apis)) {
    const segments = parseTemplate(match.route.path)
    for (const host of match.api.hosts.length === 0 ? [null] : new Set(match.api.hosts)) {
      const table = host === null ? anyHost : tableOf(byHost, host)
      for (const { method, by } of templateAt(table, segments, createMethodTable).add(match)) {
        clashes.push({ first: by, second: match, host, method })
      }
    }
  }
  return { router: createRouter({ byHost, anyHost }), conflicts: conflictsOf(clashes) }
}

/** For a person who has to mend the configuration. */
export function describeConflict({ first, second, hosts, methods }: RouteConflict): string {
  const what = methods.length === 0 ? 'every method' : methods.join(', ')
  const where = hosts.length === 0 ? 'every host' : hosts.join(', ')
  return `${named(first)} and ${named(second)} answer the same requests: ${what} on ${where}`
}

/** One host and one method that two routes want; null stands for every one. */
interface Clash {
  readonly first: RouteMatch
  readonly second: RouteMatch
  readonly host: string | null
  readonly method: string | null
}

function flatten(apis: readonly Api[]): RouteMatch[] {
  return apis
    .flatMap((api) => api.routes.map((route) => ({ api, route })))
    .map(({ api, route }, index) => ({ kind: 'match', api, route, index }))
}

function tableOf(byHost: Map<string, PathTable>, host: string): PathTable {
  const found = byHost.get(host)
  if (found !== undefined) return found
  const table = createPathTable()
  byHost.set(host, table)
  return table
}

/** One conflict for each pair of routes, however many hosts and methods they share. */
function conflictsOf(clashes: readonly Clash[]): readonly RouteConflict[] {
  const byPair = Map.groupBy(clashes, ({ first, second }) => `${first.index} ${second.index}`)
  return [...byPair.values()].flatMap((pair) => {
    const [clash] = pair
    if (clash === undefined) return []
    return [
      {
        first: clash.first,
        second: clash.second,
        hosts: distinct(pair.map(({ host }) => host)),
        methods: distinct(pair.map(({ method }) => method)),
      },
    ]
  })
}

function distinct(values: readonly (string | null)[]): readonly string[] {
  return [...new Set(values)].filter((value) => value !== null)
}

function named({ api, route }: RouteMatch): string {
  return `route '${route.id}' of API '${api.name}'`
}

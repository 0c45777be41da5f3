import type { Match, RouteMatch } from './match.ts'
import { type PathTable, visit } from './path-table.ts'

/**
 * Finds the one route that answers a request; the order of routes in the configuration plays no part.
 *
 * A route of an API that names the host goes before one of an API that answers to every host. Then the more specific path
 * goes first, segment by segment from the left: literal before `{param}` before `{rest*}`. Of the templates that match, the
 * first one that has the method wins: a route that names it before one for every method. GET answers HEAD where the
 * template has no HEAD of its own (RFC 9110 section 9.3.2). `method_not_allowed` only where no matching template has it.
 *
 * Paths are compared character by character, so they must be canonical; a slash at the end is significant. No path costs
 * more than a look at each of the templates' segments.
 */
export interface Router {
  /** `host` in lower case without port, `path` without query. */
  match(host: string, method: string, path: string): Match
}

/** The compiled tables of a router. */
export interface RouterTables {
  readonly byHost: ReadonlyMap<string, PathTable>
  readonly anyHost: PathTable
}

/** A router over tables that do not change any more. */
export function createRouter({ byHost, anyHost }: RouterTables): Router {
  return {
    match: (host, method, path) => {
      const own = byHost.get(host)
      const found = (own === undefined ? null : find(own, method, path)) ?? find(anyHost, method, path)
      return found ?? unmatched(own === undefined ? [anyHost] : [own, anyHost], path)
    },
  }
}

/** A path without parameters is the most specific there is, so it is looked up whole before the tree is walked. */
function find(table: PathTable, method: string, path: string): RouteMatch | null {
  const literal = table.literals.get(path)?.routeFor(method) ?? null
  return literal ?? visit(table.root, path, (template) => template.routeFor(method))
}

const none: Match = { kind: 'none' }

/** Walks once more to tell "no such path" from "not with this method"; the way of requests that are refused. */
function unmatched(tables: readonly PathTable[], path: string): Match {
  const allow = new Set<string>()
  for (const table of tables) {
    visit(table.root, path, (template) => {
      for (const method of template.methods()) allow.add(method)
      return null
    })
  }
  return allow.size === 0 ? none : { kind: 'method_not_allowed', allow: [...allow].toSorted() }
}

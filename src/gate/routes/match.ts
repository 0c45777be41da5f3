import type { Api, Route } from '../../core/mod.ts'

/** A route, its API, and its place in `apis.flatMap((api) => api.routes)`. */
export interface RouteMatch {
  readonly kind: 'match'
  readonly api: Api
  readonly route: Route
  readonly index: number
}

/** What a router says of a request. `allow` lists every method with which the path would have matched, sorted. */
export type Match =
  | RouteMatch
  | { readonly kind: 'method_not_allowed'; readonly allow: readonly string[] }
  | { readonly kind: 'none' }

/**
 * Which route answers a request.
 *
 * Architecture invariant: a request has at most one route, and which one follows from the routes' hosts, paths and methods,
 * never from their order.
 * @module
 */
export { compileRoutes, describeConflict, type RouteConflict } from './compile.ts'
export type { Match, RouteMatch } from './match.ts'
export type { Router } from './router.ts'

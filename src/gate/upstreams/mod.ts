/**
 * Which upstream a request goes to: balance, what is left out because it fails, how often a request is sent again.
 *
 * Architecture invariant: nothing here speaks to anybody; what became of a request, and of a health check, is told to it.
 * @module
 */
export { createHealthChecks, type HealthChecks, type Probe } from './health-checks.ts'
export { type Choice, type Endpoint, type Pool } from './pool.ts'
export { createUpstreams, type DownByApi, type Upstreams } from './upstreams.ts'
export { mergeStatus } from './merge-status.ts'

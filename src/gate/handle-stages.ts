import type { Clock } from '../core/mod.ts'
import type { ApiNetworkCheck, CompiledRoles, NetworkTable } from './access/mod.ts'
import type { ContractPlan } from './handle-contract.ts'
import type { Authenticator } from './identity/mod.ts'
import type { FactsPlan, FactsReader } from './inspect/mod.ts'
import type { RecordLog } from './ledger/mod.ts'
import type { CompiledLimits, Limiter } from './limits/mod.ts'
import type { Router } from './routes/mod.ts'
import type { Upstreams } from './upstreams/mod.ts'

/** What one revision says; replaced as a whole, so that no request sees half of a change. */
export interface Rules {
  readonly revision: number
  readonly router: Router
  /** Of all requests, also those without a route. */
  readonly networks: NetworkTable
  /** By the route's index in the router, as for all that follows: the lists of its API. */
  readonly networksOf: readonly ApiNetworkCheck[]
  readonly roles: CompiledRoles
  readonly limitsOf: readonly CompiledLimits[]
  /** What requests and answers are held to; null where nothing is looked at. */
  readonly contractsOf: readonly (ContractPlan | null)[]
  readonly factsOf: readonly FactsPlan[]
  /** An answer up to this size is held whole until its record is durable. */
  readonly holdBytesMax: number
}

/** The stages as `handle` sees them. */
export interface Gate {
  readonly thread: number
  readonly clock: Clock
  readonly log: RecordLog
  readonly authenticators: readonly Authenticator[]
  rules(): Rules
  limiter(): Limiter
  /** Knows every API of the rules. */
  readonly upstreams: Pick<Upstreams, 'poolOf'>
  readonly facts: FactsReader
  /** Told of a throw from a stage: a defect of ours, for the process log. */
  onDefect(error: unknown, requestId: string): void
}

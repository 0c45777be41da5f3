import type { Snapshot } from '../core/mod.ts'
import { compileApiNetworks, compileNetworks, compileRoles } from '../gate/access/mod.ts'
import { compileFacts } from '../gate/inspect/mod.ts'
import { compileLimits } from '../gate/limits/mod.ts'
import { compileContractPlan, type Rules } from '../gate/mod.ts'
import { compileRoutes } from '../gate/routes/mod.ts'

/**
 * A snapshot's policy and networks, compiled for the request path: once per revision and thread; requests only read it. What has
 * not changed since `before` is taken over.
 */
export function compileRules(
  snapshot: Omit<Snapshot, 'consumers' | 'credentials'>,
  before: Rules | null = null,
): Rules {
  const { apis, roles, ledger } = snapshot.policy
  return {
    revision: snapshot.revision,
    router: compileRoutes(apis).router,
    networks: before?.networks.rules === snapshot.networks ? before.networks : compileNetworks(snapshot.networks),
    networksOf: apis.flatMap((api) => api.routes.map(() => compileApiNetworks(api.networks))),
    roles: compileRoles(
      roles,
      apis.flatMap((api) => api.routes),
    ),
    limitsOf: apis.flatMap((api) => api.routes.map((route) => compileLimits(route.limits))),
    factsOf: apis.flatMap((api) => api.routes.map((route) => compileFacts(route, route.facts ?? 0))),
    contractsOf: apis.flatMap((api) => {
      const plan = compileContractPlan(api)
      return api.routes.map(() => plan)
    }),
    holdBytesMax: ledger.holdBytesMax,
  }
}

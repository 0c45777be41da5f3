import type { Api, Snapshot, Upstream } from '../core/mod.ts'
import { compileLimits } from '../gate/limits/mod.ts'
import type { Rules } from '../gate/mod.ts'
import { compileRoutes } from '../gate/routes/mod.ts'

/** A snapshot's policy, compiled for the request path: once per revision and thread; requests only read it. */
export function compileRules(snapshot: Snapshot): Rules {
  const { apis, ledger } = snapshot.policy
  const turns = new Map<Api, number>()
  return {
    revision: snapshot.revision,
    router: compileRoutes(apis).router,
    limitsOf: apis.flatMap((api) => api.routes.map((route) => compileLimits(route.limits))),
    holdBytesMax: ledger.holdBytesMax,
    upstreamOf: (api) => inTurn(api, turns),
  }
}

function inTurn(api: Api, turns: Map<Api, number>): Upstream {
  const turn = turns.get(api) ?? 0
  turns.set(api, (turn + 1) % api.upstreams.length)
  const upstream = api.upstreams[turn]
  if (upstream === undefined) throw new Error(`API ${api.name} has no upstream`) // the schema asks for at least one
  return upstream
}

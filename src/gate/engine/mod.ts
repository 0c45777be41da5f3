/**
 * HTTP in and out: listeners, the strict gate, exchanges with their clients and upstreams; on `node:http` and undici.
 *
 * Architecture invariant: every request that arrives, malformed and cut-off ones too, is given to the handler exactly once;
 * and what the handler sees of it (host, path, body length) is what the upstream will see.
 * @module
 */
export type {
  Answer,
  BodyRead,
  BodyTap,
  Bound,
  ClientOf,
  Delivery,
  Engine,
  Exchange,
  ForwardFailure,
  ForwardPlan,
  Handler,
  StreamEnd,
  UpstreamReply,
} from './exchange.ts'
export { canonicalPath } from './canonical-path.ts'
export { type EngineOptions, type GatehouseEngine, type Listener, openEngine } from './open-engine.ts'
export type { TlsSecrets } from './tls-secrets.ts'
export { probeUpstream } from './upstream-probe.ts'

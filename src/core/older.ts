import type { Api, Route, Upstream } from './api.ts'
import type { Consumer, Credential } from './consumer.ts'
import type { Policy, Snapshot } from './snapshot.ts'

// What an older version kept lacks members that came later. Each is given here what the older version meant by its absence.

type Older<T, Later extends keyof T> = Omit<T, Later> & Partial<Pick<T, Later>>
type OlderRoute = Omit<Route, 'auth'> & { readonly auth: Route['auth'] | 'api-key' | 'none' }
type OlderApi = Older<Omit<Api, 'routes' | 'upstreams'>, 'networks'> & {
  readonly routes: readonly OlderRoute[]
  readonly upstreams: readonly Older<Upstream, 'tls'>[]
}
type OlderPolicy = Older<Omit<Policy, 'apis'>, 'roles' | 'issuers'> & { readonly apis: readonly OlderApi[] }

/** A consumer as it was kept; before there were roles it had none. */
export function completeConsumer(kept: unknown): Consumer {
  const older = kept as Older<Consumer, 'roles'> // written by this version or an older one, and sealed since
  return { roles: [], ...older }
}

/** A credential as it was kept; the first ones were all keys, and none was rotated. */
export function completeCredential(kept: unknown): Credential {
  // As above.
  const older = kept as Older<Credential, 'kind' | 'rotatedFrom' | 'successorId' | 'rotatedAtMs'>
  return { kind: 'api-key', rotatedFrom: null, successorId: null, rotatedAtMs: null, ...older }
}

/** A policy as it was kept. */
export function completePolicy(kept: unknown): Policy {
  const older = kept as OlderPolicy // as above
  return { issuers: [], roles: null, ...older, apis: older.apis.map(completeApi) }
}

function completeApi(older: OlderApi): Api {
  return {
    networks: { allow: [], deny: [] },
    ...older,
    upstreams: older.upstreams.map((upstream) => ({ tls: null, ...upstream })),
    routes: older.routes.map((route) => ({ ...route, auth: authOf(route.auth) })),
  }
}

/** Once it was one word. */
function authOf(auth: OlderRoute['auth']): Route['auth'] {
  if (typeof auth !== 'string') return auth
  return auth === 'none' ? [] : [auth]
}

/** A snapshot as it was kept. */
export function completeSnapshot(kept: unknown): Snapshot {
  const { networks = [], ...older } = kept as Older<Snapshot, 'networks'> // as above
  return {
    ...older,
    networks,
    policy: completePolicy(older.policy),
    consumers: older.consumers.map(completeConsumer),
    credentials: older.credentials.map(completeCredential),
  }
}

import type { Consumer, Credential, Policy, Role, RolePattern, Route } from '../../core/mod.ts'
import type { Control } from '../control/mod.ts'
import { type AggregateAnswer, allOf, parseFilter, type QueryEngine, type Shortfall } from '../query/mod.ts'

/** One thing that is granted, and how it was used. */
export interface GrantUse {
  readonly grant: string
  /** Requests that needed it and were let through. */
  readonly used: number
  readonly lastUsedAtMs: number | null
}

/** What a consumer may do, against what it did. */
export interface LeastPrivilege {
  readonly consumer: string
  readonly fromMs: number
  readonly toMs: number
  readonly scopes: readonly GrantUse[]
  /** Patterns of the consumer's roles: `reader: GET /v1/orders/**`. */
  readonly permissions: readonly GrantUse[]
  /** The least that would have let the same requests through. */
  readonly proposal: { readonly scopes: readonly string[]; readonly permissions: readonly string[] }
  /** Why not all requests of the time were looked at; empty when they were. */
  readonly short: readonly Shortfall[]
}

interface Used {
  readonly api: string
  readonly route: string
  readonly method: string
  readonly count: number
  readonly lastMs: number | null
}

/** Routes that one report looks at: a configuration has no more. */
const groupsMax = 10_000

/**
 * Compares what is granted to a consumer by keys and roles with the requests of it that were served. What a route needs is
 * taken from the rules of now. Throws `not_found` for a consumer that is not there.
 */
export async function leastPrivilege(
  parts: { readonly control: Control; readonly query: QueryEngine; readonly nowMs: number },
  name: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<LeastPrivilege> {
  const { control, query, nowMs } = parts
  const credentials = control.listKeys({ consumer: name }) // throws for an unknown one
  const consumer = control.listConsumers().find((one) => one.name === name)
  const { policy } = control.snapshot()
  const filter = allOf([parseFilter(`consumer:"${name}"`), parseFilter('outcome:served')])
  const answer = await query.aggregate({
    fromMs,
    toMs,
    filter,
    by: ['api', 'route', 'method'],
    measures: ['count', 'lastMs'],
    limit: groupsMax,
  })
  const used = usedOf(answer)
  const scopes = scopesOf(credentials, nowMs).map((grant) => useOf(grant, used.filter(needs(policy, grant))))
  const permissions = patternsOf(consumer, policy).map(({ grant, pattern }) =>
    useOf(
      grant,
      used.filter((one) => permits(pattern, one)),
    ),
  )
  return {
    consumer: name,
    fromMs,
    toMs,
    scopes,
    permissions,
    proposal: { scopes: exercised(scopes), permissions: exercised(permissions) },
    short: answer.short,
  }
}

function exercised(uses: readonly GrantUse[]): readonly string[] {
  return uses.filter(({ used }) => used > 0).map(({ grant }) => grant)
}

function usedOf({ groups }: AggregateAnswer): readonly Used[] {
  return groups.map(({ key: [api, route, method], values }) => ({
    api: String(api ?? ''),
    route: String(route ?? ''),
    method: String(method ?? ''),
    count: values.count ?? 0,
    lastMs: values.lastMs ?? null,
  }))
}

function useOf(grant: string, used: readonly Used[]): GrantUse {
  const last = Math.max(...used.map(({ lastMs }) => lastMs ?? 0), 0)
  return { grant, used: used.reduce((sum, { count }) => sum + count, 0), lastUsedAtMs: last === 0 ? null : last }
}

/** Of all keys and certificates that still work. */
function scopesOf(credentials: readonly Credential[], nowMs: number): readonly string[] {
  const working = credentials.filter(
    ({ revokedAtMs, expiresAtMs }) => revokedAtMs === null && (expiresAtMs === null || expiresAtMs > nowMs),
  )
  return [...new Set(working.flatMap(({ scopes }) => scopes))].toSorted()
}

function needs(policy: Policy, scope: string): (used: Used) => boolean {
  return ({ api, route }) => routeOf(policy, api, route)?.scopes.includes(scope) === true
}

function routeOf(policy: Policy, api: string, id: string): Route | null {
  return policy.apis.find(({ name }) => name === api)?.routes.find((route) => route.id === id) ?? null
}

function patternsOf(
  consumer: Consumer | undefined,
  policy: Policy,
): readonly { grant: string; pattern: RolePattern }[] {
  const roles: readonly Role[] = (policy.roles ?? []).filter(({ name }) => consumer?.roles.includes(name) === true)
  return roles.flatMap(({ name, allow }) => allow.map((pattern) => ({ grant: `${name}: ${pattern.text}`, pattern })))
}

/** Whether a pattern covers a route: a parameter of the route's template stands for any segment. */
function permits({ methods, segments }: RolePattern, { route, method }: Used): boolean {
  const asked = method === 'HEAD' ? 'GET' : method
  if (methods.length > 0 && !methods.includes(asked)) return false
  const path = route.slice(route.indexOf('/')).split('/').slice(1)
  for (const [i, segment] of segments.entries()) {
    if (segment === '**') return true
    const own = path[i]
    if (own === undefined || own === '') return false
    if (segment !== '*' && segment !== own && !own.startsWith('{')) return false
  }
  return path.length === segments.length
}

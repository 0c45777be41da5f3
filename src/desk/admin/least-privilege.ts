import {
  type Consumer,
  type Credential,
  patternCoverage,
  type Policy,
  type RolePattern,
  type Route,
} from '../../core/mod.ts'
import { type Control, isUsable } from '../control/mod.ts'
import { type AggregateAnswer, allOf, groupsMax, parseFilter, type QueryEngine, type Shortfall } from '../query/mod.ts'

/** One thing that is granted, and how it was used. */
export interface GrantUse {
  readonly grant: string
  /** Requests that needed it and were not refused. */
  readonly used: number
  readonly lastUsedAtMs: number | null
}

/** One thing that was called. */
export interface RouteUse {
  readonly api: string
  readonly route: string
  readonly method: string
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
  /** What it called; the most often called first. */
  readonly routes: readonly RouteUse[]
  /** The least that would have let the same requests through; `role` are patterns of a role for this consumer alone. */
  readonly proposal: {
    readonly scopes: readonly string[]
    readonly permissions: readonly string[]
    readonly role: readonly string[]
  }
  /** Why not all requests of the time were looked at; empty when they were. */
  readonly short: readonly Shortfall[]
}

interface Used extends RouteUse {
  /** Role and pattern that permitted it; null where roles did not decide. */
  readonly role: string | null
}

/**
 * Compares what is granted to a consumer by keys and roles with the requests of it that were not refused. Which pattern of
 * which role permitted a request stands in its record; what scopes a route needs is taken from the rules of now. Throws
 * `not_found` for a consumer that is not there.
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
  const answer = await query.aggregate({
    fromMs,
    toMs,
    filter: allOf([parseFilter(`consumer:"${name}"`), parseFilter('-outcome:refused')]),
    by: ['api', 'route', 'method', 'role'],
    measures: ['count', 'lastMs'],
    limit: groupsMax,
  })
  const used = usedOf(answer)
  const scopes = scopesOf(credentials, nowMs).map((grant) => useOf(grant, used.filter(needs(policy, grant))))
  const permissions = patternsOf(consumer, policy).map(({ role, pattern }) =>
    useOf(`${role}: ${pattern.text}`, used.filter(exercises(role, pattern))),
  )
  return {
    consumer: name,
    fromMs,
    toMs,
    scopes,
    permissions,
    routes: routesOf(used),
    proposal: { scopes: exercised(scopes), permissions: exercised(permissions), role: patternsFor(used) },
    short: answer.short,
  }
}

function exercised(uses: readonly GrantUse[]): readonly string[] {
  return uses.filter(({ used }) => used > 0).map(({ grant }) => grant)
}

/** What has no route was refused, and is not here. */
function usedOf({ groups }: AggregateAnswer): readonly Used[] {
  return groups.map(({ key: [api, route, method, role], values }) => ({
    api: String(api ?? ''),
    route: String(route ?? ''),
    method: String(method ?? ''),
    role: role === null || role === undefined ? null : String(role),
    used: values.count ?? 0,
    lastUsedAtMs: values.lastMs ?? null,
  }))
}

function useOf(grant: string, uses: readonly Used[]): GrantUse {
  return { grant, ...summed(uses) }
}

function summed(uses: readonly Used[]): { readonly used: number; readonly lastUsedAtMs: number | null } {
  let [count, lastMs] = [0, 0]
  for (const { used, lastUsedAtMs } of uses) {
    count += used
    lastMs = Math.max(lastMs, lastUsedAtMs ?? 0)
  }
  return { used: count, lastUsedAtMs: lastMs === 0 ? null : lastMs }
}

/** Whatever role permitted it. */
function routesOf(used: readonly Used[]): readonly RouteUse[] {
  const byRoute = Map.groupBy(used, ({ api, route, method }) => JSON.stringify([api, route, method]))
  return [...byRoute.values()]
    .flatMap((uses) => {
      const [first] = uses
      return first === undefined ? [] : [{ api: first.api, route: first.route, method: first.method, ...summed(uses) }]
    })
    .toSorted((a, b) => b.used - a.used || (a.route < b.route ? -1 : 1))
}

/** Of all keys and certificates that still work. */
function scopesOf(credentials: readonly Credential[], nowMs: number): readonly string[] {
  const working = credentials.filter((credential) => isUsable(credential, nowMs))
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
): readonly { readonly role: string; readonly pattern: RolePattern }[] {
  return (policy.roles ?? [])
    .filter(({ name }) => consumer?.roles.includes(name) === true)
    .flatMap(({ name, allow }) => allow.map((pattern) => ({ role: name, pattern })))
}

/** Before there were roles none stood in a record: then a pattern counts as used where it may have been needed. */
function exercises(role: string, pattern: RolePattern): (used: Used) => boolean {
  const told = `${role} ${pattern.text}`
  return (used) =>
    used.role === null
      ? patternCoverage(pattern, { methods: [used.method], path: templateOf(used) }) !== 'none'
      : used.role === told
}

/** The id of a route ends with its template. */
function templateOf({ route }: RouteUse): string {
  return route.slice(Math.max(0, route.indexOf('/')))
}

/** Routes as patterns, each path once: `{id}` is `*`, `{rest*}` is `**`. Who may GET may HEAD. */
function patternsFor(used: readonly Used[]): readonly string[] {
  const byPath = Map.groupBy(used, (one) =>
    templateOf(one)
      .replaceAll(/\{[^{}]*\*\}/g, '**')
      .replaceAll(/\{[^{}]*\}/g, '*'),
  )
  return [...byPath]
    .map(([path, uses]) => {
      const methods = [...new Set(uses.map(({ method }) => method))].toSorted()
      return `${methods.filter((method) => method !== 'HEAD' || !methods.includes('GET')).join(',')} ${path}`
    })
    .toSorted()
}

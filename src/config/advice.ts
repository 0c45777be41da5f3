import { addressText, isLoopback } from './addresses.ts'
import type { ApiOutline, Outline, RouteOutline } from './outline.ts'
import type { Finding } from './problems.ts'
import { pathKey, quoted, type Reading, valueAt } from './reading.ts'

/** What is right and yet perhaps not meant. */
export function advice(outline: Outline, reading: Reading): readonly Finding[] {
  return [
    ...listenAdvice(outline, reading),
    ...trustAdvice(reading),
    ...modeAdvice(outline, reading),
    ...outline.apis.flatMap(limitAdvice),
    ...outline.apis.flatMap(catchAllAdvice),
  ]
}

function listenAdvice({ listeners }: Outline, reading: Reading): readonly Finding[] {
  return listeners
    .filter(({ value }) => !isLoopback(value.host))
    .map(({ path, value }) => ({
      code: 'GH-W002',
      message: `${reading.hidden.get(pathKey(path)) ?? addressText(value)} is reachable from other machines, without TLS: keys can be read on the way`,
      path,
      mark: 'value',
      hint: 'put a TLS proxy in front, and name it in trustedHops',
    }))
}

function trustAdvice(reading: Reading): readonly Finding[] {
  const hops = valueAt(reading.tree, ['trustedHops'])
  if (!Array.isArray(hops)) return []
  return hops.flatMap((hop: unknown, index) =>
    typeof hop === 'string' && /^[0.:]+\/0$/.test(hop)
      ? [
          {
            code: 'GH-W006',
            message: 'whoever calls may claim any address: limits and records by address mean nothing',
            path: ['trustedHops', index],
            mark: 'value',
            hint: 'name only your own proxies',
          } satisfies Finding,
        ]
      : [],
  )
}

/** One warning where the whole file says it, else one for each API that says it for itself. */
function modeAdvice({ apis }: Outline, reading: Reading): readonly Finding[] {
  const observed = apis.filter((api) => api.mode === 'observe')
  const own = observed.filter((api) => valueAt(reading.tree, [...api.path, 'mode']) !== undefined)
  const hint = 'set mode: enforce when the records look right'
  const rest: readonly Finding[] =
    observed.length > own.length
      ? [
          {
            code: 'GH-W001',
            message: `observe mode: nothing is refused for ${listed(observed.filter((api) => !own.includes(api)))}`,
            path: ['mode'],
            mark: 'value',
            hint,
          },
        ]
      : []
  return [
    ...rest,
    ...own.map((api): Finding => ({
      code: 'GH-W001',
      message: `observe mode: nothing is refused for ${quoted(api.name)}`,
      path: [...api.path, 'mode'],
      mark: 'value',
      hint,
    })),
  ]
}

function listed(apis: readonly ApiOutline[]): string {
  const names = apis.map(({ name }) => quoted(name))
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
}

function limitAdvice(api: ApiOutline): readonly Finding[] {
  const findings: Finding[] = []
  if (api.limits.length === 0 && api.routes.every((route) => route.limits.length === 0)) {
    findings.push({
      code: 'GH-W003',
      message: `the API ${quoted(api.name)} has no limits: one caller may use it up`,
      path: api.path,
      mark: 'key',
      hint: 'add limits: [{ name: per-consumer, per: consumer, allow: 600/m }]',
    })
  }
  const asked = api.routes.filter((route) => route.auth?.length !== 0)
  const unseen = [
    ...(asked.length === 0 ? api.limits : []),
    ...api.routes.filter((route) => route.auth?.length === 0).flatMap((route) => route.limits),
  ]
  for (const { path, value } of unseen) {
    if (value.per === 'ip') continue
    findings.push({
      code: 'GH-W004',
      message: `nobody is identified here (auth: none), so this limit counts by address, not by ${value.per}`,
      path: [...path, 'per'],
      mark: 'value',
      hint: 'write per: ip, or set auth: api-key',
    })
  }
  return findings
}

/**
 * Paths are matched letter by letter, but an upstream may take `/ADMIN`, `/admin/` or `/admin;x` for `/admin`: what no other
 * route takes goes to the one that takes everything, which then should ask for as much.
 */
function catchAllAdvice({ scopes, routes }: ApiOutline): readonly Finding[] {
  const demands = ({ route, auth }: RouteOutline): readonly string[] =>
    auth?.length === 0 ? [] : ['a caller that is identified', ...scopes, ...route.scopes]
  return routes.filter(isCatchAll).flatMap((open) => {
    const asked = demands(open)
    const strict = routes.find((other) => !isCatchAll(other) && demands(other).some((one) => !asked.includes(one)))
    if (strict === undefined) return []
    const { path } = strict.route
    return [
      {
        code: 'GH-W007',
        message: `what ${quoted(path)} asks for, this route does not: another spelling of that path (a trailing slash, capitals, ';x') is served here`,
        path: [...open.path, 'path'],
        mark: 'value',
        hint: 'name the paths that are served, or ask for the same here',
      } satisfies Finding,
    ]
  })
}

function isCatchAll({ route, written }: RouteOutline): boolean {
  return written && /\{[^}]*\*\}$/.test(route.path)
}

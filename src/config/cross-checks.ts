import { addressText, collide } from './addresses.ts'
import { authChecks } from './auth-checks.ts'
import type { LimitSection } from './file-types.ts'
import { apiNames } from './names.ts'
import type { ApiOutline, Outline, Placed, RouteOutline } from './outline.ts'
import type { Finding, Path } from './problems.ts'
import { isBroken, pathKey, pathText, quoted, type Reading, shown, valueAt } from './reading.ts'
import { shapeOf } from './route-path.ts'
import { adminChecks } from './section-console.ts'
import { notifyChecks } from './section-notify.ts'
import { oauthChecks } from './section-oauth.ts'
import { roleChecks } from './section-roles.ts'
import { reviewChecks } from './section-reviews.ts'
import { sinkChecks } from './section-sinks.ts'
import { poolChecks } from './section-upstreams.ts'
import { rateText } from './units.ts'

/** What is right in each part and wrong in the whole. */
export function crossChecks(outline: Outline, reading: Reading): readonly Finding[] {
  return [
    ...apiChecks(reading),
    ...sinkChecks(reading),
    ...reviewChecks(reading),
    ...roleChecks(reading),
    ...oauthChecks(reading),
    ...authChecks(outline, reading),
    ...adminChecks(outline, reading),
    ...addressChecks(outline, reading),
    ...limitNameChecks(outline, reading),
    ...notifyChecks(reading),
    ...outline.apis.flatMap((api) => [
      ...upstreamChecks(api, reading),
      ...poolChecks(api, reading),
      ...scopeChecks(api),
      ...limitCountChecks(api),
      ...routeChecks(api, reading),
    ]),
    ...overlapChecks(outline.apis, reading),
  ]
}

/** Records, fields of answers and the table of limits have room for so many on one request. */
const limitsPerRouteMax = 8
const scopesPerRouteMax = 16

function apiChecks(reading: Reading): readonly Finding[] {
  const found = valueAt(reading.tree, ['apis'])
  const names = typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.keys(found) : null
  if (names?.length === 0)
    return [
      {
        code: 'GH-C005',
        message: 'there is no API',
        path: ['apis'],
        mark: 'key',
        hint: 'name at least one API, with its upstream',
      },
    ]
  return (names ?? [])
    .filter((name) => !apiNames.fits(name))
    .map((name) => {
      const path = ['apis', name]
      const meant = apiNames.meant(name)
      const hint =
        meant === null ? 'begin with a lower-case letter; up to 64 letters, digits and -' : `did you mean "${meant}"?`
      return { code: 'GH-C008', message: `${quoted(name)} is not a name for an API`, path, mark: 'key', hint }
    })
}

function addressChecks({ listeners, admin, apis }: Outline, reading: Reading): readonly Finding[] {
  const findings: Finding[] = []
  const collision = (path: Path, message: string, hint: string): void =>
    void findings.push({ code: 'GH-C015', message, path, mark: 'value', hint })
  for (const [index, { path, value }] of listeners.entries()) {
    const first = listeners.slice(0, index).find((other) => collide(other.value, value))
    if (first !== undefined)
      collision(path, `${shown(reading, path)} is taken by ${placeOf(reading, first.path)}`, 'remove one of the two')
    if (admin !== null && collide(admin.value, value)) {
      const at = reading.places.has(pathKey(admin.path)) || reading.origins.has(pathKey(admin.path)) ? admin.path : path
      collision(
        at,
        `the gateway and the admin API cannot share ${hiddenOr(reading, at, addressText(value))}`,
        'choose another port for one of them',
      )
    }
  }
  for (const { path, value } of apis.flatMap((api) => api.upstreams)) {
    const { hostname, port, protocol } = new URL(value)
    const host = hostname === 'localhost' ? '127.0.0.1' : hostname.replaceAll(/[[\]]/g, '')
    const target = { host, port: Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port) }
    const own = listeners.find(
      (listener) => listener.value.host === target.host && listener.value.port === target.port && target.port !== 0,
    )
    if (own !== undefined)
      collision(
        path,
        `${shown(reading, path)} is the gateway itself, which would call itself without end`,
        'name the API behind it',
      )
  }
  return findings
}

function hiddenOr(reading: Reading, path: Path, text: string): string {
  return reading.hidden.get(pathKey(path)) ?? text
}

/** One name is one limit: counted once, wherever it is named, so it must mean the same everywhere. */
function limitNameChecks({ apis }: Outline, reading: Reading): readonly Finding[] {
  const firsts = new Map<string, Placed<LimitSection>>()
  const findings: Finding[] = []
  for (const limit of apis.flatMap((api) => [...api.limits, ...api.routes.flatMap((route) => route.limits)])) {
    const first = firsts.get(limit.value.name)
    if (first === undefined) firsts.set(limit.value.name, limit)
    else if (meaning(first.value) !== meaning(limit.value)) {
      const path = [...limit.path, 'name']
      const hint = `choose another name, or make both the same (the other: ${placeOf(reading, first.path)})`
      findings.push({
        code: 'GH-C011',
        message: `the limit ${shown(reading, path)} has another meaning elsewhere`,
        path,
        mark: 'value',
        hint,
      })
    }
  }
  return findings
}

function meaning({ per, allow }: LimitSection): string {
  return `${per} ${rateText(allow)}`
}

function upstreamChecks({ path, name }: ApiOutline, reading: Reading): readonly Finding[] {
  const api = valueAt(reading.tree, path)
  if (typeof api !== 'object' || api === null || Array.isArray(api) || isBroken(reading, path)) return []
  const [one, several] = [valueAt(api, ['upstream']), valueAt(api, ['upstreams'])]
  if (one === undefined && several === undefined) {
    // A key that is nearly `upstream` is reported as unknown, with what was meant.
    const nearly = Object.keys(api).some((key) => /^(?:up|url$|backend|target|service)/i.test(key))
    return nearly
      ? []
      : [
          {
            code: 'GH-C005',
            message: `the API ${quoted(name)} has no upstream`,
            path,
            mark: 'key',
            hint: 'add upstream: http://127.0.0.1:3000',
          },
        ]
  }
  if (one === undefined || several === undefined) return []
  return [
    {
      code: 'GH-C014',
      message: `"upstream" and "upstreams" stand side by side`,
      path: [...path, 'upstreams'],
      mark: 'key',
      hint: 'keep one of them',
    },
  ]
}

/** Scopes are held by whoever is identified; where nobody is asked they would protect nothing. */
function scopeChecks(api: ApiOutline): readonly Finding[] {
  const findings = api.auth?.length === 0 && api.scopes.length > 0 ? [contradiction(api.path)] : []
  for (const { path, route, auth, written } of api.routes) {
    if (written && auth?.length === 0 && route.scopes.length > 0) findings.push(contradiction(path))
    if (new Set([...api.scopes, ...route.scopes]).size > scopesPerRouteMax) {
      findings.push({
        code: 'GH-C009',
        message: `${pathText(path)} asks for more than ${scopesPerRouteMax} scopes, with those of its API`,
        path,
        mark: 'value',
        hint: null,
      })
    }
  }
  return findings
}

function contradiction(path: Path): Finding {
  return {
    code: 'GH-C014',
    message: 'scopes are asked for where nobody is identified (auth: none)',
    path: [...path, 'scopes'],
    mark: 'key',
    hint: 'set auth: api-key, or remove the scopes',
  }
}

function limitCountChecks(api: ApiOutline): readonly Finding[] {
  return api.routes
    .filter(({ limits }) => new Set([...api.limits, ...limits].map(({ value }) => value.name)).size > limitsPerRouteMax)
    .map(({ path }) => ({
      code: 'GH-C009',
      message: `${pathText(path)} has more than ${limitsPerRouteMax} limits, with those of its API`,
      path: [...path, 'limits'],
      mark: 'key',
      hint: `at most ${limitsPerRouteMax}`,
    }))
}

function routeChecks(api: ApiOutline, reading: Reading): readonly Finding[] {
  const firsts = new Map<string, RouteOutline>()
  const findings: Finding[] = []
  for (const one of api.routes) {
    const taken = claimsOf(one).flatMap((claim) => firsts.get(claim) ?? [])[0]
    for (const claim of claimsOf(one)) if (!firsts.has(claim)) firsts.set(claim, one)
    if (taken === undefined) continue
    const path = [...one.path, 'path']
    const message = `${routeText(one, reading)} is routed already by ${placeOf(reading, taken.path)}`
    findings.push({ code: 'GH-C012', message, path, mark: 'value', hint: 'join the two, or remove one' })
  }
  return findings
}

/** What a route takes for itself: each method on the shape of its path. A route of all methods leaves room for single ones. */
function claimsOf({ route }: RouteOutline): readonly string[] {
  const methods = route.methods.length === 0 ? ['*'] : [...new Set(route.methods)]
  return methods.map((method) => `${method} ${shapeOf(route.path)}`)
}

/** A request that two APIs may answer goes where nobody decided. An API with hosts goes before one for every host. */
function overlapChecks(apis: readonly ApiOutline[], reading: Reading): readonly Finding[] {
  const findings: Finding[] = []
  const firsts = new Map<string, { api: ApiOutline; route: RouteOutline }>()
  for (const api of apis) {
    const hosts = api.hosts === null ? [] : api.hosts.length === 0 ? ['*'] : api.hosts
    for (const route of api.routes) {
      const claims = hosts.flatMap((host) => claimsOf(route).map((claim) => `${host} ${claim}`))
      const taken = claims.flatMap((claim) => firsts.get(claim) ?? []).find((other) => other.api !== api)
      for (const claim of claims) if (!firsts.has(claim)) firsts.set(claim, { api, route })
      if (taken === undefined) continue
      const where = route.written
        ? { path: [...route.path, 'path'], mark: 'value' as const }
        : { path: api.path, mark: 'key' as const }
      const message = `${routeText(route, reading)} of ${quoted(api.name)} is claimed by ${quoted(taken.api.name)} too, for the same host`
      findings.push({
        code: 'GH-C013',
        message,
        ...where,
        hint: `give each API its hosts, or other paths (the other: ${placeOf(reading, taken.route.path)})`,
      })
    }
  }
  return findings
}

function routeText({ path, route, written }: RouteOutline, reading: Reading): string {
  const named = route.methods.map((method, index) => reading.hidden.get(pathKey([...path, 'methods', index])) ?? method)
  const methods = named.length === 0 ? 'every method on' : named.join(', ')
  return written ? `${methods} ${shown(reading, [...path, 'path'])}` : 'every path'
}

/** Where the reader finds the other one. */
function placeOf(reading: Reading, path: Path): string {
  const place = reading.places.get(pathKey(path))
  const span = place?.key ?? place?.value
  return span === undefined || span === null ? pathText(path) : `line ${reading.position(span.start).line}`
}

import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Api, Route } from '../../core/mod.ts'
import { compileRoutes, type Match } from './mod.ts'

/** `GET,PUT /v1/{id}`, `* /v1` for every method. */
function apiOf(name: string, hosts: readonly string[], ...routes: string[]): Api {
  return {
    name,
    hosts,
    mode: 'enforce',
    networks: { allow: [], deny: [] },
    durability: 'durable',
    upstreams: [],
    routes: routes.map(routeOf),
  }
}

function routeOf(id: string): Route {
  const [methods = '', path = ''] = id.split(' ')
  return {
    id,
    methods: methods === '*' ? [] : methods.split(','),
    path,
    auth: ['api-key'],
    scopes: [],
    limits: [],
    bodyBytesMax: 1,
    deadlineMs: 1,
  }
}

/** A match as one word: the route's id, `405 GET, HEAD`, or `404`. */
function told(match: Match): string {
  if (match.kind === 'match') return match.route.id
  return match.kind === 'none' ? '404' : `405 ${match.allow.join(', ')}`
}

function routing(...apis: Api[]): (request: string, host?: string) => string {
  const { router } = compileRoutes(apis)
  return (request, host = 'api.example') => {
    const [method = '', path = ''] = request.split(' ')
    return told(router.match(host, method, path))
  }
}

const onAnyHost = (...routes: string[]) => routing(apiOf('one', [], ...routes))

test('match() finds the route of the demo API', () => {
  const ask = onAnyHost(
    'GET /v1/orders',
    'GET /v1/orders/{id}',
    'POST /v1/orders',
    'GET /v1/users/{id}',
    'POST /v1/login',
  )
  assert.equal(ask('GET /v1/orders'), 'GET /v1/orders')
  assert.equal(ask('POST /v1/orders'), 'POST /v1/orders')
  assert.equal(ask('GET /v1/orders/17'), 'GET /v1/orders/{id}')
  assert.equal(ask('GET /v1/users/a%2Bb'), 'GET /v1/users/{id}')
  for (const path of ['/', '', '/v1', '/v2/orders', '/v1/orders/17/items', '*', 'v1/orders', '/V1/orders']) {
    assert.equal(ask(`GET ${path}`), '404', path)
  }
})

test('match() takes the slash at the end seriously', () => {
  const ask = onAnyHost('GET /a', 'GET /b/', 'GET /c/{id}', 'GET /d/{rest*}', 'GET /')
  assert.equal(ask('GET /a/'), '404')
  assert.equal(ask('GET /b'), '404')
  assert.equal(ask('GET /b/'), 'GET /b/')
  assert.equal(ask('GET /c/'), '404')
  assert.equal(ask('GET /c/1/'), '404')
  assert.equal(ask('GET /d'), '404')
  assert.equal(ask('GET /d/'), 'GET /d/{rest*}')
  assert.equal(ask('GET /d/x/y/'), 'GET /d/{rest*}')
  assert.equal(ask('GET /'), 'GET /')
})

test('match() lets a literal win over a parameter, and that over a remainder, from the left', () => {
  const ask = onAnyHost('* /{rest*}', '* /a/{x}/c', '* /{x}/b/c', '* /a/{rest*}', '* /a/b/{x}', '* /{x}', '* /a')
  assert.equal(ask('GET /a/b/c'), '* /a/b/{x}')
  assert.equal(ask('GET /a/z/c'), '* /a/{x}/c')
  assert.equal(ask('GET /z/b/c'), '* /{x}/b/c')
  assert.equal(ask('GET /a/z/z'), '* /a/{rest*}')
  assert.equal(ask('GET /z/z/z'), '* /{rest*}')
  assert.equal(ask('GET /z'), '* /{x}')
  assert.equal(ask('GET /a'), '* /a')
  assert.equal(ask('GET /'), '* /{rest*}')
})

test('match() goes on to a less specific template when the method is lacking', () => {
  const ask = onAnyHost('GET /a/b', 'POST /a/{x}', 'DELETE,PUT /{rest*}')
  assert.equal(ask('GET /a/b'), 'GET /a/b')
  assert.equal(ask('POST /a/b'), 'POST /a/{x}')
  assert.equal(ask('DELETE /a/b'), 'DELETE,PUT /{rest*}')
  assert.equal(ask('PATCH /a/b'), '405 DELETE, GET, HEAD, POST, PUT')
  assert.equal(ask('OPTIONS /a/c'), '405 DELETE, POST, PUT')
  assert.equal(ask('get /a/b'), '405 DELETE, GET, HEAD, POST, PUT')
})

test('match() answers HEAD by its own route, else by GET, else by a route for every method', () => {
  const ask = onAnyHost('GET /a', 'HEAD /a', 'GET /b', '* /b', '* /c', 'HEAD /d', 'HEAD /{rest*}')
  assert.equal(ask('HEAD /a'), 'HEAD /a')
  assert.equal(ask('HEAD /b'), 'GET /b')
  assert.equal(ask('POST /b'), '* /b')
  assert.equal(ask('HEAD /c'), '* /c')
  assert.equal(ask('GET /d'), '405 HEAD')
})

test('match() prefers an API that names the host, also where its path is less specific', () => {
  const ask = routing(
    apiOf('any', [], 'GET /a', 'POST /x/y', 'GET /only'),
    apiOf('own', ['api.example', 'www.example'], 'GET /{rest*}', 'PUT /x/{y}'),
  )
  assert.equal(ask('GET /a'), 'GET /{rest*}')
  assert.equal(ask('GET /a', 'www.example'), 'GET /{rest*}')
  assert.equal(ask('GET /a', 'else.example'), 'GET /a')
  assert.equal(ask('GET /a', ''), 'GET /a')
  assert.equal(ask('POST /x/y'), 'POST /x/y')
  assert.equal(ask('PATCH /x/y'), '405 GET, HEAD, POST, PUT')
  assert.equal(ask('PATCH /x/y', 'else.example'), '405 POST')
})

test('match() is not misled by names of object members', () => {
  const ask = onAnyHost('GET /a/{x}')
  assert.equal(ask('GET /__proto__'), '404')
  assert.equal(ask('constructor /a/__proto__', 'toString'), '405 GET, HEAD')
  assert.equal(ask('GET /a/__proto__'), 'GET /a/{x}')
})

test('match() gives the place of the route among the routes of all APIs', () => {
  const apis = [apiOf('one', [], 'GET /a', 'GET /b'), apiOf('two', [], 'GET /c'), apiOf('three', ['h'], 'GET /a')]
  const { router } = compileRoutes(apis)
  for (const [index, [api, path, host]] of (
    [
      [0, '/a', ''],
      [0, '/b', ''],
      [1, '/c', ''],
      [2, '/a', 'h'],
    ] as const
  ).entries()) {
    const match = router.match(host, 'GET', path)
    assert.ok(match.kind === 'match')
    assert.equal(match.index, index)
    assert.equal(match.api, apis[api])
  }
})

test('match() takes a path of any length in a time that the templates bound', () => {
  // Each segment of the path can go two ways in each template: 2^20 ways for a search without bounds.
  const routes = Array.from({ length: 20 }, (_, i) => `GET ${'/a'.repeat(i)}/{x}${'/a'.repeat(20 - i)}/end`)
  const ask = onAnyHost(...routes, 'GET /{rest*}')
  assert.equal(ask(`GET ${'/a'.repeat(22)}`), 'GET /{rest*}')
  assert.equal(ask(`GET ${'/a'.repeat(500_000)}`), 'GET /{rest*}')
})

test('match() agrees with a plain reading of its promise', () => {
  const segment = fc.constantFrom('a', 'b', 'c', '', '{x}', '{y}')
  const template = fc
    .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '', '/{rest*}'))
    .map(([segments, rest]) => `/${segments.join('/')}${rest}`)
  const methods = fc.constantFrom('*', 'GET', 'POST', 'HEAD', 'GET,POST', 'HEAD,PUT')
  const route = fc.tuple(methods, template).map(([method, path]) => `${method} ${path}`)
  const hosts = fc.constantFrom([], ['h'], ['g', 'h'])
  const api = fc.tuple(hosts, fc.array(route, { maxLength: 6 })).map(([names, routes]) => apiOf('x', names, ...routes))
  const path = fc
    .array(fc.constantFrom('a', 'b', 'c', 'd', ''), { minLength: 1, maxLength: 5 })
    .map((parts) => `/${parts.join('/')}`)
  const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PATCH')
  const request = fc.tuple(fc.constantFrom('g', 'h', 'i'), method, path)
  fc.assert(
    fc.property(
      fc.array(api, { maxLength: 3 }),
      fc.array(request, { minLength: 1, maxLength: 20 }),
      (apis, requests) => {
        const { router } = compileRoutes(apis)
        for (const [host, verb, target] of requests) {
          assert.equal(toldWithIndex(router.match(host, verb, target)), naive(apis, [host, verb, target]))
        }
      },
    ),
    { numRuns: 400 },
  )
})

function toldWithIndex(match: Match): string {
  return match.kind === 'match' ? String(match.index) : told(match)
}

/** All routes, those kept that match, sorted by a text that is smaller the more specific the route is. */
function naive(apis: readonly Api[], [host, method, path]: readonly [string, string, string]): string {
  const flat = apis
    .flatMap((api) => api.routes.map((route) => ({ api, route })))
    .map((one, index) => ({ ...one, index }))
  const matching = flat.filter(
    ({ api, route }) => (api.hosts.length === 0 || api.hosts.includes(host)) && pattern(route.path).test(path),
  )
  const ranked = matching
    .map((one) => ({
      ...one,
      rank: `${one.api.hosts.length === 0 ? 1 : 0}${shape(one.route.path)}|${methodRank(one.route, method)}`,
    }))
    .filter(({ rank }) => !rank.endsWith('|-'))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.index - b.index))
  const [best] = ranked
  if (best !== undefined) return String(best.index)
  const allow = new Set(
    matching.flatMap(({ route }) => [...route.methods, ...(route.methods.includes('GET') ? ['HEAD'] : [])]),
  )
  return allow.size === 0 ? '404' : `405 ${[...allow].toSorted().join(', ')}`
}

function pattern(template: string): RegExp {
  return new RegExp(`^${template.replace(/\{rest\*\}$/, '.*').replaceAll(/\{.\}/g, '[^/]+')}$`)
}

/** Per segment `0` literal, `1` parameter, `2` remainder: templates that match one path compare as texts. */
function shape(template: string): string {
  return template
    .slice(1)
    .split('/')
    .map((segment) => (segment.endsWith('*}') ? '2' : segment.startsWith('{') ? '1' : '0'))
    .join('')
}

function methodRank(route: Route, method: string): string {
  if (route.methods.includes(method)) return '0'
  if (method === 'HEAD' && route.methods.includes('GET')) return '1'
  return route.methods.length === 0 ? '2' : '-'
}

import assert from 'node:assert/strict'
import test from 'node:test'
import { type LoadedConfig, loadText } from './load-config.ts'

const load = (text: string): LoadedConfig =>
  loadText(text, { path: 'gatehouse.yaml', env: { PEER: 'http://127.0.0.1:8080' }, cores: 2 })

/** Code, message and line of each problem. */
function problemsOf(apis: string, top = ''): readonly string[] {
  const read = load(`version: 1\n${top}\napis:\n${apis}`)
  return read.ok ? [] : read.problems.map(({ code, message, line }) => `${code} ${line}: ${message}`)
}

const sharedLimit = (allow: string): string => `[{ name: shared, per: ip, allow: ${allow} }]`

const apiWithRoutes = (...lines: string[]): string =>
  `  a:\n    upstream: http://a\n    routes:\n${lines.map((line) => `      - ${line}\n`).join('')}`

const apiOf = (name: string, hosts: string, routes: string): string =>
  `  ${name}: { upstream: http://a, ${hosts}routes: [{ path: ${routes} }] }\n`

const limitsFrom = (from: number, count: number): string =>
  `[${Array.from({ length: count }, (_, i) => `{ name: l${from + i}, per: ip, allow: 1/s }`).join(', ')}]`

const scopesFrom = (from: number): string => `[${Array.from({ length: 10 }, (_, i) => `s${from + i}`).join(', ')}]`

const twoApis = (second: string): string =>
  `  a: { upstream: http://a, hosts: [a], limits: ${sharedLimit('1/s')} }\n  b: { upstream: http://b, hosts: [b], limits: ${sharedLimit(second)} }\n`

test('a limit name has one meaning in the whole file', () => {
  assert.deepEqual(problemsOf(twoApis('1/1s')), [])
  assert.deepEqual(problemsOf(twoApis('2/s')), ['GH-C011 5: the limit "shared" has another meaning elsewhere'])
})

test('a route stands once in an API: the same shape and a method in common', () => {
  assert.deepEqual(
    problemsOf(
      apiWithRoutes("{ path: '/v1/{id}', methods: [GET, POST] }", "{ path: '/v1/{name}', methods: [POST, PUT] }"),
    ),
    ['GH-C012 8: POST, PUT "/v1/{name}" is routed already by line 7'],
  )
  assert.deepEqual(problemsOf(apiWithRoutes('{ path: /v1 }', '{ path: /v1 }')), [
    'GH-C012 8: every method on "/v1" is routed already by line 7',
  ])
  assert.deepEqual(
    problemsOf(
      apiWithRoutes(
        '{ path: /v1, methods: [GET] }',
        '{ path: /v1, methods: [POST] }',
        '{ path: /v1 }',
        '{ path: /v1/ }',
      ),
    ),
    [],
  )
})

test('two APIs do not claim the same requests', () => {
  assert.deepEqual(problemsOf(`${apiOf('a', '', '/x')}${apiOf('b', '', '/x')}`), [
    'GH-C013 5: every method on "/x" of "b" is claimed by "a" too, for the same host',
  ])
  assert.deepEqual(problemsOf(`${apiOf('a', 'hosts: [x, y], ', '/x')}${apiOf('b', 'hosts: [Y], ', '/x')}`).length, 1)
  assert.deepEqual(problemsOf(`${apiOf('a', 'hosts: [x], ', '/x')}${apiOf('b', 'hosts: [y], ', '/x')}`), [])
  assert.deepEqual(problemsOf(`${apiOf('a', 'hosts: [x], ', '/x')}${apiOf('b', '', '/x')}`), [])
  assert.deepEqual(problemsOf('  a: { upstream: http://a }\n  b: { upstream: http://b }\n'), [
    'GH-C013 5: every path of "b" is claimed by "a" too, for the same host',
  ])
})

test('scopes stand only where somebody is identified', () => {
  const said = 'scopes are asked for where nobody is identified (auth: none)'
  assert.deepEqual(problemsOf('  a: { upstream: http://a, auth: none, scopes: [x] }\n'), [`GH-C014 4: ${said}`])
  assert.deepEqual(problemsOf('  a: { upstream: http://a, auth: none, routes: [{ path: /, scopes: [x] }] }\n'), [
    `GH-C014 4: ${said}`,
  ])
  assert.deepEqual(
    problemsOf('  a: { upstream: http://a, auth: none, routes: [{ path: /, auth: api-key, scopes: [x] }] }\n'),
    [],
  )
  assert.deepEqual(problemsOf('  a: { upstream: http://a, scopes: [x], routes: [{ path: /, auth: none }] }\n'), [])
})

test('listeners, the admin API and upstreams do not collide', () => {
  const api = '  a: { upstream: http://a }\n'
  assert.deepEqual(problemsOf(api, 'listen: [127.0.0.1:80, 0.0.0.0:80]'), [
    'GH-C015 2: "0.0.0.0:80" is taken by line 2',
  ])
  assert.deepEqual(problemsOf(api, 'listen: 127.0.0.1:8090'), [
    'GH-C015 2: the gateway and the admin API cannot share 127.0.0.1:8090',
  ])
  assert.deepEqual(problemsOf(api, 'admin: { listen: 127.0.0.1:8080 }'), [
    'GH-C015 2: the gateway and the admin API cannot share 127.0.0.1:8080',
  ])
  assert.deepEqual(problemsOf('  a: { upstream: http://localhost:8080/x }\n'), [
    'GH-C015 4: "http://localhost:8080/x" is the gateway itself, which would call itself without end',
  ])
  assert.deepEqual(problemsOf('  a: { upstream: env:PEER }\n'), [
    'GH-C015 4: the value of env:PEER is the gateway itself, which would call itself without end',
  ])
  assert.deepEqual(problemsOf('  a: { upstream: http://127.0.0.1:8081 }\n'), [])
})

test('an API has one upstream or several, not both', () => {
  assert.deepEqual(problemsOf('  a: { upstream: http://a, upstreams: [http://b] }\n'), [
    'GH-C014 4: "upstream" and "upstreams" stand side by side',
  ])
  assert.deepEqual(problemsOf('  a: { auth: none }\n'), ['GH-C005 4: the API "a" has no upstream'])
  assert.deepEqual(problemsOf('  a: { upstrem: http://a }\n'), [
    'GH-C004 4: "upstrem" is not a key that is known in apis.a',
  ])
})

test('a request meets at most eight limits and sixteen scopes', () => {
  assert.deepEqual(
    problemsOf(
      `  a: { upstream: http://a, limits: ${limitsFrom(0, 5)}, routes: [{ path: /, limits: ${limitsFrom(5, 3)} }] }\n`,
    ),
    [],
  )
  assert.deepEqual(
    problemsOf(
      `  a: { upstream: http://a, limits: ${limitsFrom(0, 5)}, routes: [{ path: /, limits: ${limitsFrom(5, 4)} }] }\n`,
    ),
    ['GH-C009 4: apis.a.routes.0 has more than 8 limits, with those of its API'],
  )
  assert.deepEqual(
    problemsOf(
      `  a: { upstream: http://a, scopes: ${scopesFrom(0)}, routes: [{ path: /, scopes: ${scopesFrom(10)} }] }\n`,
    ),
    ['GH-C009 4: apis.a.routes.0 asks for more than 16 scopes, with those of its API'],
  )
})

test('checks across keys have their say although another part is wrong', () => {
  const said = problemsOf(
    '  a:\n    upstream: nonsense\n    auth: none\n    scopes: [x]\n    routes:\n      - { path: /a }\n      - { path: /a }\n      - { path: :a }\n',
    'mode: both',
  )
  assert.deepEqual(
    said.map((text) => text.slice(0, 9).trim()),
    ['GH-C007 2', 'GH-C008 5', 'GH-C014 7', 'GH-C012 1', 'GH-C008 1'],
  )
})

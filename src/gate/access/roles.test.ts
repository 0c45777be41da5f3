import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { anonymous, type Principal, type Role, type RolePattern, type Route } from '../../core/mod.ts'
import { allows, coverageOf } from './role-pattern.ts'
import { compileRoles } from './roles.ts'

function pattern(text: string): RolePattern {
  if (text === '*') return { text, methods: [], segments: ['**'] }
  const [methods = '', path = ''] = text.split(' ')
  return { text, methods: methods === '*' ? [] : methods.split(','), segments: path.slice(1).split('/') }
}

function route(text: string, auth: Route['auth'] = ['api-key']): Route {
  const [methods = '', path = ''] = text.split(' ')
  return {
    id: text,
    methods: methods === '*' ? [] : methods.split(','),
    path,
    auth,
    scopes: [],
    limits: [],
    bodyBytesMax: 1,
    deadlineMs: 1,
  }
}

const role = (name: string, ...allow: readonly string[]): Role => ({ name, allow: allow.map(pattern) })

function holderOf(...roles: string[]): Principal {
  return {
    kind: 'consumer',
    consumerId: 'c1',
    consumerName: 'acme',
    credentialId: 'A1b2C3d4E5f6',
    via: 'api-key',
    environment: 'live',
    scopes: new Set(),
    roles,
    deprecation: null,
  }
}

test('allows() compares segment by segment, with * for one and ** for the rest', () => {
  const cases: readonly [string, string, boolean][] = [
    ['GET /v1/orders', 'GET /v1/orders', true],
    ['GET /v1/orders', 'GET /v1/orders/', false],
    ['GET /v1/orders', 'GET /v1/orders/1', false],
    ['GET /v1/orders/', 'GET /v1/orders/', true],
    ['GET /v1/orders', 'POST /v1/orders', false],
    ['GET /v1/orders', 'HEAD /v1/orders', true],
    ['HEAD /v1/orders', 'GET /v1/orders', false],
    ['GET,POST /v1/orders', 'POST /v1/orders', true],
    ['* /v1/orders', 'PURGE /v1/orders', true],
    ['GET /v1/orders/*', 'GET /v1/orders/1', true],
    ['GET /v1/orders/*', 'GET /v1/orders/', false],
    ['GET /v1/orders/*', 'GET /v1/orders', false],
    ['GET /v1/orders/*', 'GET /v1/orders/1/2', false],
    ['GET /v1/*/items', 'GET /v1/1/items', true],
    ['GET /v1/orders/**', 'GET /v1/orders', true],
    ['GET /v1/orders/**', 'GET /v1/orders/', true],
    ['GET /v1/orders/**', 'GET /v1/orders/1/2', true],
    ['GET /v1/orders/**', 'GET /v1/ordersX', false],
    ['GET /v1/orders/**', 'GET /v1', false],
    ['GET /V1/orders', 'GET /v1/orders', false],
    ['GET /**', 'GET /', true],
    ['GET /', 'GET /', true],
    ['GET /', 'GET /a', false],
    ['*', 'DELETE /anything/at/all', true],
  ]
  for (const [written, asked, is] of cases) {
    const [method = '', path = ''] = asked.split(' ')
    assert.equal(allows(pattern(written), method, path), is, `${written} and ${asked}`)
  }
})

test('coverageOf() knows what a route as a whole is allowed', () => {
  const cases: readonly [string, string, string][] = [
    ['GET /v1/orders/**', 'GET /v1/orders', 'all'],
    ['GET /v1/orders/**', 'GET /v1/orders/{id}', 'all'],
    ['GET /v1/orders/*', 'GET /v1/orders/{id}', 'all'],
    ['GET /v1/orders/7', 'GET /v1/orders/{id}', 'some'],
    ['GET /v1/orders/**', '* /v1/orders/{rest*}', 'some'],
    ['* /v1/orders/**', '* /v1/orders/{rest*}', 'all'],
    ['GET /v1/orders/*', 'GET /v1/{rest*}', 'some'],
    ['GET /v1/orders/**', 'GET /v1/{rest*}', 'some'],
    ['GET /v1/**', 'GET,POST /v1/orders', 'some'],
    ['POST /v1/**', 'GET /v1/orders', 'none'],
    ['HEAD /v1/**', 'GET /v1/orders', 'some'],
    ['GET /v2/**', 'GET /v1/orders', 'none'],
    ['GET /v1/*', 'GET /v1/', 'none'],
    ['GET /v1/', 'GET /v1/{id}', 'none'],
    ['*', '* /{rest*}', 'all'],
  ]
  for (const [written, template, is] of cases)
    assert.equal(coverageOf(pattern(written), route(template)), is, `${written} and ${template}`)
})

const segment = fc.constantFrom('a', 'b')
const patternText = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'GET,POST', '*'),
    fc.array(fc.oneof(segment, fc.constant('*')), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([methods, segments, rest]) => `${methods} /${[...segments, ...(rest ? ['**'] : [])].join('/')}`)
const routeText = fc
  .tuple(
    fc.constantFrom('GET', 'POST', '*'),
    fc.array(fc.oneof(segment, fc.constant('{x}')), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([methods, segments, rest]) => `${methods} /${[...segments, ...(rest ? ['{rest*}'] : [])].join('/')}`)

/** A path and a method that the template serves. */
function served(text: string, pick: readonly number[]): { method: string; path: string } {
  const [methods = '', path = ''] = text.split(' ')
  let at = 0
  const filled = path
    .replaceAll('{x}', () => (['a', 'b', 'c'] as const)[(pick[at++] ?? 0) % 3] ?? 'a')
    .replace('{rest*}', () => ['', 'a', 'a/b', 'c/', 'b/a/c'][(pick[at++] ?? 0) % 5] ?? '')
  return { method: methods === '*' ? 'PURGE' : methods, path: filled }
}

test('coverageOf() and allows() never contradict each other', () => {
  fc.assert(
    fc.property(
      patternText,
      routeText,
      fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
      (written, template, pick) => {
        const coverage = coverageOf(pattern(written), route(template))
        const { method, path } = served(template, pick)
        const is = allows(pattern(written), method, path)
        if (coverage === 'all') assert.ok(is, `${written} covers ${template}, and refuses ${method} ${path}`)
        if (coverage === 'none') assert.ok(!is, `${written} has nothing of ${template}, and allows ${method} ${path}`)
      },
    ),
    { numRuns: 2_000 },
  )
})

const routes = [
  route('GET /v1/orders'),
  route('GET /v1/orders/{id}'),
  route('POST /v1/orders'),
  route('POST /v1/login', []),
  route('* /{rest*}'),
]
const roles = compileRoles(
  [role('reader', 'GET /v1/orders/**'), role('writer', 'POST /v1/orders', 'DELETE /v1/*/cache'), role('idle')],
  routes,
)

function permitted(principal: Principal, index: number, asked: string): string | null {
  const [method = '', path = ''] = asked.split(' ')
  const found = roles.permit(principal, { index, method, path })
  return found.kind === 'permitted' ? found.role : found.refusal.reason
}

test('permit() takes the first role that allows it, and tells by which pattern', () => {
  assert.equal(permitted(holderOf('reader'), 0, 'GET /v1/orders'), 'reader GET /v1/orders/**')
  assert.equal(permitted(holderOf('idle', 'writer', 'reader'), 1, 'GET /v1/orders/7'), 'reader GET /v1/orders/**')
  assert.equal(permitted(holderOf('writer'), 4, 'DELETE /v1/x/cache'), 'writer DELETE /v1/*/cache')
})

test('permit() refuses whatever no role of the caller allows', () => {
  for (const [who, index, asked] of [
    [holderOf(), 0, 'GET /v1/orders'],
    [holderOf('nobody-defined-this'), 0, 'GET /v1/orders'],
    [holderOf('idle'), 0, 'GET /v1/orders'],
    [holderOf('reader'), 2, 'POST /v1/orders'],
    [holderOf('writer'), 4, 'DELETE /v1/x/y/cache'],
  ] as const)
    assert.equal(permitted(who, index, asked), 'not_permitted', asked)
})

test('permit() has no say where nobody is asked, nobody is known, or there are no roles', () => {
  assert.equal(permitted(holderOf(), 3, 'POST /v1/login'), null)
  assert.equal(permitted(anonymous, 0, 'GET /v1/orders'), null)
  const none = compileRoles(null, routes)
  assert.deepEqual(none.permit(holderOf(), { index: 0, method: 'GET', path: '/v1/orders' }), {
    kind: 'permitted',
    role: null,
  })
})

test('permit() tells a refused caller nothing, and the record whose roles did not do', () => {
  const found = roles.permit(holderOf('writer'), { index: 0, method: 'GET', path: '/v1/orders' })
  assert.ok(found.kind === 'refused')
  assert.equal(found.refusal.note, 'acme has writer, none of which allows this')
  assert.deepEqual(found.refusal.headers, [])
  assert.ok(!/writer|acme/.test(found.refusal.detail))
})

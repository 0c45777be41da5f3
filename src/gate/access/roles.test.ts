import assert from 'node:assert/strict'
import test from 'node:test'
import { anonymous, type Principal, type Role, type RolePattern, type Route } from '../../core/mod.ts'
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

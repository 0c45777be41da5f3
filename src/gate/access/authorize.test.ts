import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { anonymous, headerValue, type Principal, type Route } from '../../core/mod.ts'
import { authorize } from './authorize.ts'

function route(auth: Route['auth'], scopes: readonly string[]): Route {
  const path = '/v1/orders'
  return { id: `GET ${path}`, methods: ['GET'], path, auth, scopes, limits: [], bodyBytesMax: 1, deadlineMs: 1 }
}

function holderOf(...scopes: string[]): Principal {
  return {
    kind: 'consumer',
    consumerId: 'c1',
    consumerName: 'acme',
    credentialId: 'A1b2C3d4E5f6',
    via: 'api-key',
    environment: 'live',
    scopes: new Set(scopes),
    roles: [],
    deprecation: null,
  }
}

const table: readonly [string, Route, Principal, string | null][] = [
  ['an open route to anybody', route([], []), anonymous, null],
  ['an open route to somebody', route([], []), holderOf(), null],
  ['a route without scopes to every known caller', route(['api-key'], []), holderOf(), null],
  ['a route to the holder of its scope', route(['api-key'], ['a']), holderOf('a'), null],
  ['a route to the holder of more', route(['api-key'], ['a', 'b']), holderOf('c', 'b', 'a'), null],
  ['no guarded route to nobody', route(['api-key'], []), anonymous, 'credential_missing'],
  ['no scoped route to nobody', route(['api-key'], ['a']), anonymous, 'credential_missing'],
  ['no scope to the holder of none', route(['api-key'], ['a']), holderOf(), 'insufficient_scope'],
  ['no scopes to the holder of one of them', route(['api-key'], ['a', 'b']), holderOf('a'), 'insufficient_scope'],
  [
    'no scope by its beginning',
    route(['api-key'], ['orders:write']),
    holderOf('orders', 'orders:*'),
    'insufficient_scope',
  ],
  ['no scope in another case', route(['api-key'], ['orders']), holderOf('Orders'), 'insufficient_scope'],
]

for (const [what, asked, caller, reason] of table) {
  test(`authorize() opens ${what}`, () => assert.equal(authorize(asked, caller, 'api')?.reason ?? null, reason))
}

test('authorize() challenges a caller without a credential, and names no error', () => {
  const refusal = authorize(route(['api-key'], ['a']), anonymous, 'api')
  assert.deepEqual(refusal?.headers, ['www-authenticate', 'Bearer realm="api"'])
})

test('authorize() tells the scopes of the route, and the record alone what is lacking', () => {
  const refusal = authorize(
    route(['api-key'], ['orders:read', 'orders:write']),
    holderOf('orders:read', 'secret:scope'),
    'api',
  )
  assert.deepEqual(refusal?.headers, [
    'www-authenticate',
    'Bearer error="insufficient_scope", scope="orders:read orders:write"',
  ])
  assert.equal(refusal?.note, 'credential A1b2C3d4E5f6 lacks orders:write')
  const told = JSON.stringify([refusal?.detail, refusal?.headers])
  for (const secret of ['secret:scope', 'A1b2C3d4E5f6', 'acme', 'c1']) assert.ok(!told.includes(secret))
})

test('authorize() writes one quoted string whatever realm it is given', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (realm) => {
      const headers = authorize(route(['api-key'], []), anonymous, realm)?.headers ?? []
      assert.match(headerValue(headers, 'www-authenticate') ?? '', /^Bearer realm="[ !#-[\]-~]*"$/)
    }),
  )
  assert.equal(authorize(route(['api-key'], []), anonymous, 'a"b\\c\r\nd é')?.headers[1], 'Bearer realm="abcd "')
})

test('authorize() opens a guarded route exactly to those who hold all of its scopes', () => {
  const scopes = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'))
  fc.assert(
    fc.property(scopes, scopes, (needed, held) => {
      const open = needed.every((scope) => held.includes(scope))
      assert.equal(authorize(route(['api-key'], needed), holderOf(...held), 'api') === null, open)
    }),
  )
})

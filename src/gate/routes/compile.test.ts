import assert from 'node:assert/strict'
import test from 'node:test'
import type { Api } from '../../core/mod.ts'
import { compileRoutes, describeConflict } from './mod.ts'

function apiOf(name: string, hosts: readonly string[], ...ids: string[]): Api {
  const routes = ids.map((id) => {
    const [methods = '', path = ''] = id.split(' ')
    const common = { auth: ['api-key'], scopes: [], limits: [], bodyBytesMax: 1, deadlineMs: 1 } as const
    return { id, methods: methods === '*' ? [] : methods.split(','), path, ...common }
  })
  return {
    name,
    hosts,
    mode: 'enforce',
    networks: { allow: [], deny: [] },
    durability: 'durable',
    upstreams: [],
    routes,
  }
}

const told = (...apis: Api[]): string[] => compileRoutes(apis).conflicts.map(describeConflict)

test('compileRoutes() reports two routes with the same shape and method, whatever their parameters are called', () => {
  assert.deepEqual(told(apiOf('one', [], 'GET /a/{id}', 'GET /a/{name}')), [
    "route 'GET /a/{id}' of API 'one' and route 'GET /a/{name}' of API 'one' answer the same requests: GET on every host",
  ])
})

test('compileRoutes() reports a pair of routes once, with all hosts and methods that they share', () => {
  assert.deepEqual(
    told(apiOf('one', ['a', 'b', 'c'], 'GET,POST,PUT /x'), apiOf('two', ['b', 'c', 'd'], 'POST,PUT,DELETE /x')),
    [
      "route 'GET,POST,PUT /x' of API 'one' and route 'POST,PUT,DELETE /x' of API 'two' answer the same requests: POST, PUT on b, c",
    ],
  )
})

test('compileRoutes() reports two routes for every method', () => {
  assert.deepEqual(told(apiOf('one', [], '* /{rest*}'), apiOf('two', [], '* /{all*}')), [
    "route '* /{rest*}' of API 'one' and route '* /{all*}' of API 'two' answer the same requests: every method on every host",
  ])
})

test('compileRoutes() sees no conflict where one route is more specific, and none in a route with itself', () => {
  assert.deepEqual(
    told(
      apiOf(
        'one',
        [],
        'GET,GET /a',
        'HEAD /a',
        '* /a',
        'GET /a/',
        'GET /a/b',
        'GET /a/{x}',
        'GET /a/{x*}',
        'GET /{x}/b',
      ),
      apiOf('two', ['h', 'h'], 'GET /a', '* /a'),
      apiOf('three', ['g'], 'GET /a'),
    ),
    [],
  )
})

test('compileRoutes() lets the first of two conflicting routes answer', () => {
  const { router } = compileRoutes([apiOf('one', [], 'GET /a/{x}'), apiOf('two', [], 'GET,POST /a/{y}')])
  const indexes = ['GET', 'POST'].map((method) => {
    const match = router.match('', method, '/a/1')
    return match.kind === 'match' ? match.index : null
  })
  assert.deepEqual(indexes, [0, 1])
})

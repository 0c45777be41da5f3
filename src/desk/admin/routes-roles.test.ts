import assert from 'node:assert/strict'
import test from 'node:test'
import { samplePolicy } from '../../../test/conformance/control-store.ts'
import type { AccessEvent, Policy, RolePattern, Route } from '../../core/mod.ts'
import type { LeastPrivilege } from './least-privilege.ts'
import { type Bench, openBench } from './test/bench.ts'
import { engineOver } from './test/engine.ts'

const dayMs = 86_400_000

function route(id: string, ...scopes: string[]): Route {
  const [methods = '', path = ''] = id.split(' ')
  return { id, methods: [methods], path, auth: ['api-key'], scopes, limits: [], bodyBytesMax: 1, deadlineMs: 1 }
}

function pattern(text: string): RolePattern {
  const [method = '', path = ''] = text.split(' ')
  return { text, methods: [method], segments: path.slice(1).split('/') }
}

const policy: Policy = {
  ...samplePolicy,
  apis: [
    {
      name: 'orders',
      hosts: [],
      mode: 'enforce',
      networks: { allow: [], deny: [] },
      durability: 'durable',
      upstreams: [],
      routes: [
        route('GET /v1/orders', 'orders:read'),
        route('GET /v1/orders/{id}', 'orders:read'),
        route('POST /v1/orders', 'orders:write'),
        route('GET /{rest*}'),
      ],
    },
  ],
  roles: [
    { name: 'reader', allow: [pattern('GET /v1/orders/**'), pattern('GET /v1/users/*')] },
    { name: 'writer', allow: [pattern('POST /v1/orders')] },
  ],
}

/** acme may read and write, with a key that may more; globex has a role that nobody defined. */
async function granted(bench: Bench): Promise<void> {
  const changes = bench.control.by('socket')
  await bench.control.setPolicy(policy)
  const scopes = ['orders:read', 'orders:write', 'users:admin']
  const wish = { consumer: 'acme', environment: 'live', createConsumer: true, roles: ['reader', 'writer'] } as const
  await changes.createKey({ ...wish, scopes })
  const { credential } = await changes.createKey({ ...wish, scopes: ['old:scope'] })
  await changes.revokeKey(credential.id)
  await changes.createConsumer({ name: 'globex', roles: ['raeder'] })
}

function called(routeId: string, role: string | null, more: Partial<AccessEvent> = {}): Partial<AccessEvent> {
  const [method = ''] = routeId.split(' ')
  const base = { consumer: 'acme', api: 'orders', route: routeId, method, role, outcome: 'served' as const }
  return { ...base, receivedAtMs: Date.now() - 1000, ...more }
}

test('GET /v1/roles lists what is defined, who has it, and what nobody defined', async () => {
  await using bench = await openBench()
  assert.deepEqual((await bench.call('GET', '/v1/roles')).body, { configured: false, items: [], unknown: [] })
  await granted(bench)
  assert.deepEqual((await bench.call('GET', '/v1/roles')).body, {
    configured: true,
    items: [
      { name: 'reader', allow: ['GET /v1/orders/**', 'GET /v1/users/*'], consumers: ['acme'] },
      { name: 'writer', allow: ['POST /v1/orders'], consumers: ['acme'] },
    ],
    unknown: [{ role: 'raeder', consumers: ['globex'] }],
  })
})

test('PUT /v1/consumers/{name}/roles gives roles, and says which of them grant nothing', async () => {
  await using bench = await openBench()
  await granted(bench)
  const put = async (roles: unknown, name = 'globex') =>
    await bench.call('PUT', `/v1/consumers/${name}/roles`, { body: { roles } })
  assert.partialDeepStrictEqual((await put(['reader', 'auditor'])).body, {
    name: 'globex',
    roles: ['reader', 'auditor'],
    unknown: ['auditor'],
    applied: true,
  })
  assert.equal((await put(['Reader'])).status, 422)
  assert.equal((await put(['reader'], 'nobody')).status, 404)
})

test('POST /v1/consumers and /v1/keys take roles', async () => {
  await using bench = await openBench()
  const made = await bench.call('POST', '/v1/consumers', { body: { name: 'acme', roles: ['reader'] } })
  assert.partialDeepStrictEqual(made.body, { roles: ['reader'] })
  const key = { consumer: 'globex', createConsumer: true, roles: ['writer'] }
  assert.equal((await bench.call('POST', '/v1/keys', { body: key })).status, 201)
  assert.deepEqual(bench.control.listConsumers().find(({ name }) => name === 'globex')?.roles, ['writer'])
})

async function compared(events: readonly Partial<AccessEvent>[], query = ''): Promise<LeastPrivilege> {
  await using bench = await openBench({ query: engineOver(events) })
  await granted(bench)
  const answer = await bench.call('GET', `/v1/consumers/acme/least-privilege${query}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body as LeastPrivilege // held against its schema by the compiler
}

const uses = (list: LeastPrivilege['scopes']): [string, number][] => list.map(({ grant, used }) => [grant, used])

test('GET /v1/consumers/{name}/least-privilege tells each grant how often it was used, and which never were', async () => {
  const newest = Date.now() - 500
  const found = await compared([
    called('GET /v1/orders', 'reader GET /v1/orders/**'),
    called('GET /v1/orders/{id}', 'reader GET /v1/orders/**', { receivedAtMs: newest }),
    called('GET /v1/orders/{id}', 'reader GET /v1/orders/**', { method: 'HEAD' }),
    called('POST /v1/orders', 'writer POST /v1/orders', { outcome: 'failed' }),
    called('POST /v1/orders', null, { outcome: 'refused', reason: 'not_permitted' }),
    called('GET /v1/orders', 'reader GET /v1/orders/**', { consumer: 'globex' }),
  ])
  assert.deepEqual(uses(found.scopes), [
    ['orders:read', 3],
    ['orders:write', 1],
    ['users:admin', 0],
  ])
  assert.equal(found.scopes[0]?.lastUsedAtMs, newest)
  assert.equal(found.scopes[2]?.lastUsedAtMs, null)
  assert.deepEqual(uses(found.permissions), [
    ['reader: GET /v1/orders/**', 3],
    ['reader: GET /v1/users/*', 0],
    ['writer: POST /v1/orders', 1],
  ])
  assert.deepEqual(found.proposal, {
    scopes: ['orders:read', 'orders:write'],
    permissions: ['reader: GET /v1/orders/**', 'writer: POST /v1/orders'],
    role: ['GET /v1/orders/*', 'GET,POST /v1/orders'],
  })
  assert.deepEqual(
    found.routes.map(({ route: id, method, used }) => [id, method, used]),
    [
      ['GET /v1/orders', 'GET', 1],
      ['GET /v1/orders/{id}', 'GET', 1],
      ['GET /v1/orders/{id}', 'HEAD', 1],
      ['POST /v1/orders', 'POST', 1],
    ],
  )
})

test('GET /v1/consumers/{name}/least-privilege goes by what may have been needed where no role stands in a record', async () => {
  const found = await compared([
    called('GET /v1/orders/{id}', null),
    called('GET /{rest*}', null),
    called('GET /v1/orders', 'reader GET /v1/orders/**', { receivedAtMs: Date.now() - 2 * dayMs }),
  ])
  assert.deepEqual(uses(found.permissions), [
    ['reader: GET /v1/orders/**', 3],
    ['reader: GET /v1/users/*', 1],
    ['writer: POST /v1/orders', 0],
  ])
  assert.deepEqual(found.proposal.role, ['GET /**', 'GET /v1/orders', 'GET /v1/orders/*'])
})

test('GET /v1/consumers/{name}/least-privilege looks back as far as it is asked, and says where it could not', async () => {
  const events = [called('GET /v1/orders', null, { receivedAtMs: Date.now() - 2 * dayMs })]
  assert.equal((await compared(events, `?sinceMs=${dayMs}`)).routes.length, 0)
  assert.equal((await compared(events)).routes.length, 1)
  await using bench = await openBench({ query: engineOver(events, ['pruned']) })
  await granted(bench)
  assert.partialDeepStrictEqual((await bench.call('GET', '/v1/consumers/acme/least-privilege')).body, {
    short: ['pruned'],
  })
  assert.equal((await bench.call('GET', '/v1/consumers/nobody/least-privilege')).status, 404)
  await using blind = await openBench({ control: bench.control })
  assert.equal((await blind.call('GET', '/v1/consumers/acme/least-privilege')).status, 503)
})

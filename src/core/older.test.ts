import assert from 'node:assert/strict'
import test from 'node:test'
import { completeConsumer, completeCredential, completeSnapshot } from './older.ts'

test('completeSnapshot() reads what the first version kept', () => {
  const route = { id: 'GET /', methods: ['GET'], path: '/', scopes: [], limits: [], bodyBytesMax: 1, deadlineMs: 1 }
  const older = {
    revision: 3,
    policy: {
      apis: [
        {
          name: 'orders',
          upstreams: [{ url: 'http://127.0.0.1:3000' }],
          routes: [
            { ...route, auth: 'api-key' },
            { ...route, auth: 'none' },
          ],
        },
      ],
      trustedHops: [],
    },
    consumers: [{ id: 'c1', name: 'acme' }],
    credentials: [{ id: 'k1' }],
  }
  const { networks, policy, consumers, credentials } = completeSnapshot(older)
  assert.deepEqual(networks, [])
  assert.deepEqual([policy.roles, policy.issuers], [null, []])
  const [api] = policy.apis
  assert.deepEqual(api?.networks, { allow: [], deny: [] })
  assert.deepEqual(api?.upstreams, [{ tls: null, url: 'http://127.0.0.1:3000' }])
  assert.deepEqual(
    api?.routes.map(({ auth }) => auth),
    [['api-key'], []],
  )
  assert.deepEqual(consumers[0]?.roles, [])
  assert.deepEqual(credentials[0], {
    kind: 'api-key',
    rotatedFrom: null,
    successorId: null,
    rotatedAtMs: null,
    id: 'k1',
  })
})

test('completeConsumer() and completeCredential() leave alone what is there', () => {
  const consumer = { id: 'c1', name: 'acme', createdAtMs: 1, state: 'active', roles: ['reader'] }
  assert.deepEqual(completeConsumer(consumer), consumer)
  const credential = { id: 'k1', kind: 'certificate', rotatedFrom: 'k0', successorId: 'k2', rotatedAtMs: 5 }
  assert.deepEqual(completeCredential(credential), credential)
})

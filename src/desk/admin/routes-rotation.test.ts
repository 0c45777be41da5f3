import assert from 'node:assert/strict'
import test from 'node:test'
import type { AccessEvent } from '../../core/mod.ts'
import { type Bench, openBench } from './test/bench.ts'
import { engineOver } from './test/engine.ts'

const dayMs = 86_400_000

interface Rotated {
  readonly key: string
  readonly credential: { readonly id: string; readonly rotatedFrom: string | null }
  readonly predecessor: { readonly id: string; readonly expiresAtMs: number; readonly successorId: string | null }
}

interface Expiring {
  readonly items: readonly {
    readonly key: { readonly id: string }
    readonly consumer: string | null
    readonly why: string
    readonly dueAtMs: number
    readonly usesOfDay: number | null
    readonly successor: { readonly id: string; readonly usesOfDay: number | null } | null
  }[]
}

const wish = { consumer: 'acme', scopes: ['orders:read'], environment: 'live', createConsumer: true } as const

async function made(bench: Bench, expiresInMs?: number): Promise<string> {
  const more = expiresInMs === undefined ? {} : { expiresInMs }
  return (await bench.control.by('socket').createKey({ ...wish, ...more })).credential.id
}

test('POST /v1/keys/{id}/rotate shows the successor once, and both keys without their hashes', async () => {
  await using bench = await openBench()
  const id = await made(bench)
  const answer = await bench.call('POST', `/v1/keys/${id}/rotate`, { body: { overlapMs: 60_000 } })
  assert.equal(answer.status, 201)
  const { key, credential, predecessor } = answer.body as Rotated
  assert.match(key, /^gthk_live_/)
  assert.equal(credential.rotatedFrom, id)
  assert.deepEqual([predecessor.id, predecessor.successorId], [id, credential.id])
  assert.ok(!answer.text.includes('hmac'))
  assert.ok(!(await bench.call('GET', '/v1/keys')).text.includes(key))
  assert.equal((await bench.call('POST', `/v1/keys/${id}/rotate`, { body: {} })).status, 409)
  assert.equal((await bench.call('POST', '/v1/keys/nosuchkey/rotate', { body: {} })).status, 404)
  const late = { overlapMs: 31 * dayMs }
  assert.equal((await bench.call('POST', `/v1/keys/${credential.id}/rotate`, { body: late })).status, 422)
})

test('GET /v1/keys/expiring lists what ends and what gets too old, with who still uses it', async () => {
  const events: Partial<AccessEvent>[] = []
  const used = (credentialId: string, count: number, more: Partial<AccessEvent> = {}): void => {
    for (let i = 0; i < count; i++)
      events.push({ credentialId, outcome: 'served', receivedAtMs: Date.now() - 1000 - i, ...more })
  }
  await using before = await openBench()
  const { control } = before
  const [ends, later, rotated, revoked] = [
    await made(before, 3 * dayMs),
    await made(before, 20 * dayMs),
    await made(before),
    await made(before, dayMs),
  ]
  const successor = (await control.by('socket').rotateKey(rotated, { overlapMs: 2 * dayMs })).credential.id
  await control.by('socket').revokeKey(revoked)
  used(ends, 3)
  used(rotated, 2)
  used(successor, 5)
  used(successor, 1, { outcome: 'refused' })
  used(ends, 4, { receivedAtMs: Date.now() - 2 * dayMs })
  await using bench = await openBench({ control, query: engineOver(events), keyAgeMsMax: 10 * dayMs })
  const ask = async (withinMs: number): Promise<Expiring['items']> =>
    ((await bench.call('GET', `/v1/keys/expiring?withinMs=${withinMs}`)).body as Expiring).items
  const soon = await ask(5 * dayMs)
  assert.deepEqual(
    soon.map(({ key, consumer, why, usesOfDay }) => [key.id, consumer, why, usesOfDay]),
    [
      [rotated, 'acme', 'ends', 2],
      [ends, 'acme', 'ends', 3],
    ],
  )
  assert.deepEqual(soon[0]?.successor, { id: successor, lastUsedAtMs: null, usesOfDay: 5 })
  const all = await ask(14 * dayMs)
  assert.deepEqual(
    all.slice(2).map(({ key, why }) => [key.id, why]),
    [
      [later, 'ages'],
      [successor, 'ages'],
    ],
  )
  assert.equal((await bench.call('GET', '/v1/keys/expiring?withinMs=0')).status, 400)
})

test('GET /v1/keys/expiring says of uses only what it knows', async () => {
  await using bench = await openBench()
  const id = await made(bench, dayMs)
  const [key] = ((await bench.call('GET', '/v1/keys/expiring')).body as Expiring).items
  assert.deepEqual([key?.key.id, key?.usesOfDay], [id, null])
  await using partial = await openBench({ control: bench.control, query: engineOver([], ['deadline']) })
  const [other] = ((await partial.call('GET', '/v1/keys/expiring')).body as Expiring).items
  assert.equal(other?.usesOfDay, null)
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { systemClock } from '../../core/mod.ts'
import { createTokenVerifier, ensureAdminToken } from './admin-token.ts'
import { openMemoryControlStore } from './memory-control-store.ts'

test('ensureAdminToken() gives the token at the first start and never again', async () => {
  const store = openMemoryControlStore()
  const [first, second] = await Promise.all([
    ensureAdminToken(store, systemClock),
    ensureAdminToken(store, systemClock),
  ])
  assert.match(first ?? second ?? '', /^gtha_[0-9A-Za-z]{49}$/)
  assert.ok(first === null || second === null)
  assert.equal(await ensureAdminToken(store, systemClock), null)
  const told = await store.outbox(10)
  assert.deepEqual(
    told.map(({ event }) => [event.kind, event.actor]),
    [['admin.token', 'desk']],
  )
  assert.ok(!JSON.stringify(told).includes(first ?? second ?? ''))
})

test('createTokenVerifier() passes the token and nothing that only looks like it', async () => {
  const store = openMemoryControlStore()
  assert.equal((await createTokenVerifier(store))(''), false)
  const token = (await ensureAdminToken(store, systemClock)) ?? ''
  const verify = await createTokenVerifier(store)
  assert.equal(verify(token), true)
  for (const wrong of ['', 'gtha_', `${token} `, token.toUpperCase(), token.slice(0, -1), `${token.slice(0, -1)}~`]) {
    assert.equal(verify(wrong), false, wrong)
  }
})

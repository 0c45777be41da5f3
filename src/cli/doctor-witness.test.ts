import assert from 'node:assert/strict'
import test from 'node:test'
import { witnesses } from './doctor-witness.ts'

const standing = { log: 'access', witness: 'w1', state: 'cosigned', size: 5, cosignedAtMs: 1_000, why: null }
const statesOf = async (items: readonly unknown[], nowMs = 2_000): Promise<string[]> =>
  (await witnesses({ get: async () => ({ items }) }, nowMs)).map(({ state }) => state)

test('witnesses() says that nobody else has seen the logs', async () => {
  assert.deepEqual(await statesOf([]), ['advice'])
})

test('witnesses() finds a cosignature that is old, and a history that is disputed', async () => {
  assert.deepEqual(await statesOf([standing]), ['ok'])
  assert.deepEqual(await statesOf([standing], 3_600_000), ['advice'])
  assert.deepEqual(await statesOf([{ ...standing, state: 'ahead', why: 'it has more' }]), ['wrong'])
})

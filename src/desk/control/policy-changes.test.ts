import assert from 'node:assert/strict'
import test from 'node:test'
import { samplePolicy } from '../../../test/conformance/control-store.ts'
import type { Api, Policy } from '../../core/mod.ts'
import { policyChanges } from './policy-changes.ts'

const api = (name: string, more: Partial<Api> = {}): Api => ({
  name,
  hosts: [],
  mode: 'observe',
  networks: { allow: [], deny: [] },
  durability: 'durable',
  upstreams: [],
  routes: [],
  ...more,
})
const policyWith = (...apis: Api[]): Policy => ({ ...samplePolicy, apis })

test('policyChanges() lists each setting that differs, with both values', () => {
  const before = policyWith(api('orders'), api('users'))
  const after = { ...policyWith(api('orders', { mode: 'enforce' }), api('users')), limitKeysMax: 5 }
  assert.deepEqual(policyChanges(before, after).details, {
    changes: ['apis.orders.mode: "observe" → "enforce"', 'limitKeysMax: 1000 → 5'],
    changesTotal: 2,
  })
})

test('policyChanges() goes by names: an API that is put in front of another does not change it', () => {
  const { details } = policyChanges(policyWith(api('orders')), policyWith(api('new'), api('orders')))
  assert.ok((details['changes'] as string[]).every((change) => change.startsWith('apis.new.')))
})

test('policyChanges() names the APIs of the first policy, and bounds what it lists', () => {
  assert.deepEqual(policyChanges(null, policyWith(api('orders'))).details, { first: true, apis: ['orders'] })
  const many = policyWith(...Array.from({ length: 100 }, (_, i) => api(`api-${i}`)))
  const { details } = policyChanges(policyWith(), many)
  assert.equal((details['changes'] as string[]).length, 50)
  assert.equal(details['changesTotal'], 300)
})

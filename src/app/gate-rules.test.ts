import assert from 'node:assert/strict'
import test from 'node:test'
import { type Consumer, GatehouseError, type Policy, type Snapshot } from '../core/mod.ts'
import { createGateRules, type GateRules } from './gate-rules.ts'
import { openProcessLog } from './process-log.ts'

// The rules are handed on as they are; nothing here looks into a policy.
const policy = { apis: [] as Policy['apis'] } as Policy
const consumer: Consumer = { id: 'c1', name: 'acme', createdAtMs: 1, state: 'disabled', roles: [] }

function rulesOn(write: (snapshot: Snapshot) => Promise<void>): { rules: GateRules; said: string[] } {
  const said: string[] = []
  const log = openProcessLog('test', (line) => said.push(line))
  return { rules: createGateRules({ file: { read: () => null, write }, policy, onPolicy: () => {}, log }), said }
}

test('change() waits for threads that do not run yet, and says true only when they work by it', async () => {
  const { rules } = rulesOn(async () => {})
  let applied: boolean | null = null
  const change = rules
    .change({ revision: 2, policy: null, consumers: [consumer], credentials: [], networks: null })
    .then((ok) => (applied = ok))
  await new Promise(setImmediate)
  assert.equal(applied, null)
  const seen: number[] = []
  rules.attach({ apply: async (to) => seen.push('change' in to ? to.change.revision : to.snapshot.revision) > 0 })
  assert.equal(await change, true)
  assert.deepEqual(seen, [2])
})

test('change() reaches the threads when the disk refuses, says that it does not hold, and the next one is as any', async () => {
  let failing = true
  const { rules, said } = rulesOn(async () => {
    if (failing) throw new GatehouseError('data_folder_unusable', 'disk full')
  })
  const seen: number[] = []
  rules.attach({ apply: async (to) => seen.push('change' in to ? to.change.revision : to.snapshot.revision) > 0 })
  assert.equal(
    await rules.change({ revision: 2, policy: null, consumers: [consumer], credentials: [], networks: null }),
    false,
  )
  assert.match(said.join(''), /not on disk.*disk full/)
  failing = false
  assert.equal(await rules.change({ revision: 3, policy: null, consumers: [], credentials: [], networks: null }), true)
  assert.deepEqual(seen, [2, 3])
  assert.deepEqual(rules.snapshot().consumers, [consumer])
})

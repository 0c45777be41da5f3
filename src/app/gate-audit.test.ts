import assert from 'node:assert/strict'
import test from 'node:test'
import { samplePolicy } from '../../test/conformance/control-store.ts'
import type { AuditEvent } from '../core/mod.ts'
import { createGateAudit, policyDigest } from './gate-audit.ts'
import { openProcessLog } from './process-log.ts'

const clock = { wallMs: () => 1_000, monotonicMs: () => 1 }

test('createGateAudit() tells each policy once, and the same one again after another', async () => {
  const told: AuditEvent[] = []
  const audit = createGateAudit({
    append: async (event) => void told.push(event),
    clock,
    log: openProcessLog('gate', () => {}),
  })
  const other = { ...samplePolicy, limitKeysMax: 5 }
  for (const [at, policy] of [samplePolicy, { ...samplePolicy }, other, other, samplePolicy].entries())
    await audit.policy(policy, at)
  assert.deepEqual(
    told.map(({ kind, actor, details }) => [kind, actor, details['revision'], details['policySha256']]),
    [
      [0, samplePolicy],
      [2, other],
      [4, samplePolicy],
    ].map(([revision, policy]) => ['config.revision', 'gate', revision, policyDigest(policy as typeof samplePolicy)]),
  )
  assert.equal(new Set(told.map(({ details }) => details['id'])).size, 3)
})

test('createGateAudit() reports a failure and does not throw it', async () => {
  const lines: string[] = []
  const log = openProcessLog('gate', (line) => void lines.push(line))
  const audit = createGateAudit({ append: () => Promise.reject(new Error('poisoned')), clock, log })
  await audit.tell('gate.started', {})
  assert.match(lines.join(''), /could not be told.*gate\.started.*poisoned/)
})

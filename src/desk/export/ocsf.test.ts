import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import fc from 'fast-check'
import { openOcsfJudge, type OcsfJudge } from '../../../test/support/ocsf.ts'
import { type AccessEvent, type AuditEvent, type Outcome } from '../../core/mod.ts'
import { accessToOcsf } from './ocsf-access.ts'
import { auditToOcsf } from './ocsf-audit.ts'
import type { OcsfEvent } from './ocsf-parts.ts'
import { anyAccess, anyAudit, auditKinds, servedEvent } from './test/events.ts'

const product = { version: '1.2.3', node: 'gate-1' }
const recordedAtUs = 1_795_212_179_250_000
const access = (event: AccessEvent): OcsfEvent => accessToOcsf({ seq: 41, recordedAtUs, event }, product)
const audit = (event: AuditEvent): OcsfEvent => auditToOcsf({ seq: 7, recordedAtUs, event }, product)
const judge = openOcsfJudge()

function judged(t: TestContext, check: (judge: OcsfJudge) => void): void {
  if (judge === null) t.diagnostic('skipped: GATEHOUSE_DATASETS is not set')
  else check(judge)
}

test('accessToOcsf() gives API Activity that the schema takes, for every outcome', (t) => {
  const ends: Record<Outcome, Partial<AccessEvent>> = {
    served: {},
    refused: { status: 403, reason: 'insufficient_scope', scopesHeld: [], upstream: null, upstreamStatus: null },
    failed: { status: 502, reason: 'upstream_refused' },
    aborted: { status: 0, reason: 'client_abort' },
  }
  judged(t, (check) => {
    for (const outcome of ['served', 'refused', 'failed', 'aborted'] as const)
      check(access({ ...servedEvent, ...ends[outcome], outcome }))
  })
})

test('accessToOcsf() gives what the schema takes, whatever a record holds', (t) => {
  judged(t, (check) => fc.assert(fc.property(anyAccess, (event) => check(access(event)))))
})

test('auditToOcsf() gives what the schema takes, for every kind and whatever its details', (t) => {
  judged(t, (check) => {
    for (const kind of auditKinds) check(audit({ kind, atMs: 1, actor: 'admin:ada', details: {} }))
    fc.assert(fc.property(anyAudit, (event) => check(audit(event))))
  })
})

test('accessToOcsf() says who did what from where, and what was decided', () => {
  const event = access({ ...servedEvent, role: 'reader GET /v1/**' })
  assert.deepEqual(
    [event['class_uid'], event['type_uid'], event['activity_name'], event['status'], event['action'], event['time']],
    [6003, 600_302, 'Read', 'Success', 'Allowed', servedEvent.receivedAtMs],
  )
  assert.deepEqual(event['actor'], {
    user: { uid: 'c1', name: 'acme', credential_uid: 'A1b2C3d4E5f6', type_id: 4, type: 'Service' },
  })
  assert.deepEqual(event['src_endpoint'], { ip: '198.51.100.70', port: 51_234 })
  assert.deepEqual(event['authorizations'], [{ decision: 'Allowed', policy: { name: 'orders:read', type: 'scope' } }])
  assert.deepEqual(event['policy'], { name: 'reader GET /v1/**', type: 'role', is_applied: true })
  const { uid, sequence, log_name: log, version } = event['metadata'] as Record<string, unknown>
  assert.deepEqual([uid, sequence, log, version], [servedEvent.id, 41, 'access', '1.8.0'])
})

test('accessToOcsf() names the limit that refused, and the hop that a client came through', () => {
  const limit = {
    name: 'per-consumer',
    per: 'consumer',
    limit: 20,
    windowMs: 1_000,
    used: 20,
    resetMs: 400,
    admitted: false,
    coarser: false,
  }
  const event = access({
    ...servedEvent,
    outcome: 'refused',
    reason: 'quota_exceeded',
    status: 429,
    peer: '10.0.0.2',
    limits: [limit],
  })
  assert.deepEqual(event['firewall_rule'], {
    name: 'per-consumer',
    type: 'limit',
    rate_limit: 20,
    condition: '20 per consumer in 1000 ms',
    match_details: ['used 20'],
  })
  assert.deepEqual(event['src_endpoint'], { ip: '198.51.100.70', intermediate_ips: ['10.0.0.2'] })
  assert.deepEqual([event['action'], event['status'], event['severity']], ['Denied', 'Failure', 'Low'])
})

test('auditToOcsf() sorts what was done into the classes that SIEMs have for it', () => {
  const at = { atMs: 5, actor: 'admin:ada' }
  const key = audit({ ...at, kind: 'key.revoked', details: { keyId: 'A1', consumerId: 'c1', consumer: 'acme' } })
  assert.deepEqual([key['class_uid'], key['activity_name']], [3004, 'Deactivate'])
  assert.deepEqual(key['entity'], { name: 'acme', uid: 'A1', type: 'API key', type_id: 99 })
  assert.deepEqual(key['actor'], { user: { name: 'ada', type_id: 2, type: 'Admin' } })
  const finding = audit({
    ...at,
    kind: 'finding.raised',
    details: { finding: 'f1', severity: 'high', title: 'Probing' },
  })
  assert.deepEqual([finding['class_uid'], finding['severity'], finding['message']], [2004, 'High', 'Probing'])
  const refused = audit({ ...at, kind: 'admin.sign_in_refused', details: {} })
  assert.deepEqual([refused['class_uid'], refused['status']], [3002, 'Failure'])
  const address = '203.0.113.9'
  const signedIn = audit({ ...at, kind: 'admin.signed_in', details: { admin: 'ada', role: 'owner', address } })
  assert.deepEqual([signedIn['status'], signedIn['src_endpoint']], ['Success', { ip: address }])
  const blocked = audit({ ...at, kind: 'network.blocked', details: { rule: 'n1', network: '203.0.113.0/28' } })
  assert.deepEqual(blocked['entity'], { name: '203.0.113.0/28', uid: 'n1', type: 'Network Zone', type_id: 7 })
  const started = audit({ ...at, actor: 'gate', kind: 'gate.started', details: {} })
  assert.deepEqual(
    [started['class_uid'], started['type_uid'], started['actor']],
    [6002, 600_203, { app_name: 'gatehouse gate' }],
  )
})

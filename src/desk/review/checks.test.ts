import assert from 'node:assert/strict'
import test from 'node:test'
import type { AccessEvent, Credential } from '../../core/mod.ts'
import { parseFilter } from '../query/mod.ts'
import { checks } from './checks.ts'
import { findIn, type FoundInRanges, type Ranges } from './find.ts'
import { itemsOf } from './items.ts'
import { pinRange } from './pin.ts'
import type { CheckResult } from './results.ts'
import { dailyPlan, verifySignature } from './test/bench.ts'
import { type MemoryLedger, openMemoryLedger } from './test/memory-ledger.ts'

const dayMs = 86_400_000
const startMs = Date.parse('2026-11-24T00:00:00Z')
const nowMs = startMs + dayMs

const good: Partial<AccessEvent> = {
  api: 'orders',
  route: 'GET /v1/orders',
  method: 'GET',
  path: '/v1/orders',
  outcome: 'served',
  status: 200,
  clientIp: '198.51.100.7',
  userAgent: 'shop/1',
  consumer: 'acme',
  consumerId: 'c1',
  credentialId: 'K1',
  identifiedBy: 'api-key',
}
const denied: Partial<AccessEvent> = {
  ...good,
  outcome: 'refused',
  status: 401,
  reason: 'invalid_api_key',
  consumer: null,
  credentialId: null,
  identifiedBy: null,
}

/** Everything that a review finds in the second day of this ledger. */
async function found(ledger: MemoryLedger, credentials: readonly Credential[] = []): Promise<FoundInRanges> {
  ledger.seal()
  const period = { label: '2026-11-24', fromMs: startMs, toMs: nowMs }
  const how = { ledger, verify: verifySignature, lookMs: 1 }
  const access = await pinRange('access', period, how)
  const pins = { access, audit: await pinRange('audit', period, how) }
  const ranges: Ranges = {
    plan: dailyPlan,
    period,
    pins,
    against: access.from > 0 ? '2026-11-23' : '',
    before: { from: 0, to: access.from, spanMs: dayMs },
    now: { from: access.from, to: access.to, spanMs: dayMs },
  }
  return await findIn(ranges, { ledger, credentials, consumerNames: new Map([['c1', 'acme']]), nowMs })
}

function check(all: FoundInRanges, id: string): CheckResult {
  return all.checks.find((one) => one.id === id) ?? assert.fail(`no check ${id}`)
}

test('success_after_failures tells of a network that got in after ten failures, and of no other', async () => {
  const ledger = openMemoryLedger()
  for (let n = 0; n < 10; n++) ledger.access(startMs + n * 1000, { ...denied, clientIp: `203.0.113.${n}` })
  const entered = ledger.access(startMs + 11_000, { ...good, clientIp: '203.0.113.9' })
  ledger.access(startMs + 12_000, { ...good, clientIp: '203.0.113.9' })
  for (let n = 0; n < 9; n++) ledger.access(startMs + n * 1000, { ...denied, clientIp: '192.0.2.1' })
  ledger.access(startMs + 20_000, { ...good, clientIp: '192.0.2.1' })
  for (let n = 0; n < 10; n++) ledger.access(startMs + 3_600_000 + n * 300_000, { ...denied, clientIp: '192.0.2.99' })
  ledger.access(startMs + 9_000_000, { ...good, clientIp: '192.0.2.99' })
  const { rows, hits } = check(await found(ledger), 'success_after_failures')
  assert.equal(hits, 1)
  assert.deepEqual(rows[0]?.places, [{ log: 'access', seq: entered }])
  assert.match(rows[0]?.text ?? '', /^203\.0\.113\.0\/24 · acme/)
})

test('success_after_failures counts sign-ins that the API itself refused', async () => {
  const ledger = openMemoryLedger()
  const signIn = {
    ...good,
    method: 'POST',
    path: '/v1/login',
    route: 'POST /v1/login',
    consumer: null,
    identifiedBy: null,
  }
  for (let n = 0; n < 12; n++) ledger.access(startMs + n * 1000, { ...signIn, status: 401 })
  ledger.access(startMs + 13_000, signIn)
  const all = await found(ledger)
  assert.equal(check(all, 'success_after_failures').hits, 1)
  assert.equal(check(all, 'failed_sign_ins').hits, 12)
})

test('keys_from_new_networks compares each known key with where it was used before', async () => {
  const ledger = openMemoryLedger()
  ledger.access(startMs - 3_600_000, good)
  ledger.access(startMs + 1, good)
  ledger.access(startMs + 2, { ...good, clientIp: '198.51.100.200' })
  ledger.access(startMs + 3, { ...good, clientIp: '203.0.113.7' })
  ledger.access(startMs + 4, { ...good, credentialId: 'K2', clientIp: '203.0.113.7' })
  const { hits, rows } = check(await found(ledger), 'keys_from_new_networks')
  assert.equal(hits, 1, 'the same /24 and a new key are nothing new')
  assert.equal(rows[0]?.text, 'acme · key K1 · 203.0.113.0/24')
})

test('blocked_networks_back tells of networks that were served after they were blocked, and of those that tried', async () => {
  const ledger = openMemoryLedger()
  ledger.access(startMs + 1000, { ...good, clientIp: '203.0.113.7' })
  const details = { network: '203.0.113.0/28' }
  const blocked = ledger.audit(startMs + 2000, { kind: 'network.blocked', actor: 'admin:ana', details })
  const refusedAsBlocked = { ...denied, status: 403, reason: 'network_blocked' as never, clientIp: '203.0.113.7' }
  ledger.access(startMs + 3000, refusedAsBlocked)
  const served = ledger.access(startMs + 4000, { ...good, clientIp: '203.0.113.14' })
  ledger.access(startMs + 4000, { ...good, clientIp: '203.0.113.16' })
  const all = await found(ledger)
  const { rows } = check(all, 'blocked_networks_back')
  assert.deepEqual(
    rows.map(({ text, count }) => [text, count]),
    [
      [`203.0.113.0/28: served again after it was blocked (record ${blocked} of the audit log)`, 1],
      ['203.0.113.0/24: went on calling while blocked', 1],
    ],
  )
  assert.deepEqual(rows[0]?.places, [
    { log: 'audit', seq: blocked },
    { log: 'access', seq: served },
  ])
  assert.equal(check(all, 'permission_refusals').hits, 0, 'a blocked network is not a caller without a permission')
})

test('admin_changes has a row for each actor and kind, with the actor', async () => {
  const ledger = openMemoryLedger()
  ledger.audit(startMs + 1, { kind: 'key.created', actor: 'admin:ana', details: { keyId: 'K1', expiresAtMs: startMs } })
  ledger.audit(startMs + 2, { kind: 'key.created', actor: 'admin:ana', details: { keyId: 'K2' } })
  ledger.audit(startMs + 3, { kind: 'key.revoked', actor: 'token', details: { keyId: 'K1' } })
  ledger.audit(startMs + 4, { kind: 'ledger.heartbeat', actor: 'gate' })
  ledger.audit(nowMs + 4, { kind: 'key.revoked', actor: 'token' })
  const all = await found(ledger)
  const { rows, severity } = check(all, 'admin_changes')
  assert.deepEqual(
    rows.map(({ key, count, actor }) => [key, count, actor]),
    [
      ['admin:ana · key.created', 2, 'admin:ana'],
      ['token · key.revoked', 1, 'token'],
    ],
  )
  assert.match(rows[0]?.text ?? '', /keyId K1, expiresAt 2026-11-24T00:00:00.000Z; keyId K2/)
  const items = itemsOf(all).filter(({ id }) => id.startsWith('check-admin_changes-'))
  assert.deepEqual([severity, items.length, items[0]?.actor], ['high', 2, 'admin:ana'])
})

test('control_failures gathers what failed of the record and of its guards', async () => {
  const ledger = openMemoryLedger()
  ledger.access(startMs + 1, { ...good, outcome: 'aborted', reason: 'process_died', status: 0 })
  ledger.access(startMs + 2, { ...good, outcome: 'failed', reason: 'ledger_stalled', status: 503 })
  ledger.audit(startMs + 3, { kind: 'clock.stepped', details: { byMs: 5000 } })
  ledger.audit(startMs + 4, { kind: 'review.overdue', details: { run: 'daily-2026-11-22' } })
  const { rows } = check(await found(ledger), 'control_failures')
  assert.deepEqual(rows.map(({ key }) => key).toSorted(), [
    'clock.stepped',
    'ledger_stalled',
    'process_died',
    'review.overdue',
  ])
})

test('unrouted_requests says how many different paths a network tried', async () => {
  const ledger = openMemoryLedger()
  const unrouted = { ...denied, status: 404, reason: 'no_route', route: null, api: null } as const
  for (let n = 0; n < 70; n++) ledger.access(startMs + n, { ...unrouted, path: `/${n}` })
  ledger.access(startMs + 90, { ...unrouted, path: '/0', clientIp: '192.0.2.1' })
  const { rows } = check(await found(ledger), 'unrouted_requests')
  assert.deepEqual(
    rows.map(({ text, count }) => [text, count]),
    [
      ['198.51.100.0/24: 64 or more different paths', 70],
      ['192.0.2.0/24: 1 different paths', 1],
    ],
  )
})

test('credentials_due tells of keys that expire, are old or lie unused', async () => {
  const key = (id: string, more: Partial<Credential>): Credential =>
    ({
      id,
      consumerId: 'c1',
      environment: 'live',
      hmac: '',
      pepperVersion: 1,
      hint: '',
      scopes: [],
      createdAtMs: nowMs - 100 * dayMs,
      notBeforeMs: null,
      expiresAtMs: null,
      revokedAtMs: null,
      lastUsedAtMs: nowMs,
      ...more,
    }) as Credential
  const all = await found(openMemoryLedger(), [
    key('old', {}),
    key('unused', { lastUsedAtMs: nowMs - 95 * dayMs }),
    key('ending', { createdAtMs: nowMs, expiresAtMs: nowMs + 3 * dayMs }),
    key('fresh', { createdAtMs: nowMs }),
    key('revoked', { revokedAtMs: nowMs - 1 }),
    key('expired', { expiresAtMs: nowMs - 1 }),
  ])
  assert.deepEqual(
    check(all, 'credentials_due').rows.map(({ text }) => text),
    ['acme · key ending: expires in 3 days', 'acme · key old: 100 days old', 'acme · key unused: not used for 95 days'],
  )
})

test('records that open and amend are not counted as requests', async () => {
  const ledger = openMemoryLedger()
  ledger.access(startMs + 1, { ...good, kind: 'opened', opening: 'a'.repeat(16) })
  ledger.access(startMs + 2, { ...good, kind: 'opened', opening: 'b'.repeat(16) })
  ledger.access(startMs + 3, { ...good, opening: 'a'.repeat(16) })
  ledger.access(startMs + 4, { ...good, kind: 'amended' })
  const { differences, reading, sample } = await found(ledger)
  assert.equal(differences.now.requests, 1)
  assert.deepEqual([reading.unended, reading.amended], [1, 1])
  assert.equal(sample.records.length, 1)
})

test('every query of a check can be asked', () => {
  for (const { query = '' } of checks) if (query !== '') assert.doesNotThrow(() => parseFilter(query), query)
})

test('every check runs on nothing at all, and finds nothing', async () => {
  const all = await found(openMemoryLedger())
  assert.equal(all.checks.length, 17)
  assert.ok(all.checks.every(({ hits, rows }) => hits === 0 && rows.length === 0))
  assert.equal(new Set(all.checks.map(({ id }) => id)).size, 17)
  assert.deepEqual(itemsOf(all), [])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Consumer, Credential } from '../../core/mod.ts'
import { keyReminders } from './key-reminders.ts'

const dayMs = 86_400_000
const nowMs = Date.UTC(2026, 10, 23)
const ages = { ageMsMax: 90 * dayMs, remindMs: [30, 14, 7, 1].map((days) => days * dayMs) }
const acme: Consumer = { id: 'c1', name: 'acme', createdAtMs: 0, state: 'active', roles: [] }

function key(more: Partial<Credential>): Credential {
  return {
    kind: 'api-key',
    id: 'A1b2C3d4E5f6',
    consumerId: 'c1',
    environment: 'live',
    hmac: '',
    pepperVersion: 1,
    hint: 'gthk_live_A1b2C3d4E5f6_…5g',
    scopes: [],
    createdAtMs: nowMs - 10 * dayMs,
    notBeforeMs: null,
    expiresAtMs: null,
    revokedAtMs: null,
    lastUsedAtMs: null,
    rotatedFrom: null,
    successorId: null,
    rotatedAtMs: null,
    ...more,
  }
}

const titlesOf = (more: Partial<Credential>, consumer: Consumer = acme): readonly string[] =>
  keyReminders({ credentials: [key(more)], consumers: [consumer], nowMs }, ages).map(({ title }) => title)

test('keyReminders() names keys that end soon, get too old, or are too old', () => {
  assert.deepEqual(titlesOf({ createdAtMs: nowMs - 60 * dayMs, expiresAtMs: nowMs + 6 * dayMs }), ['A key ends soon'])
  assert.deepEqual(titlesOf({ createdAtMs: nowMs - 80 * dayMs }), ['A key will soon be older than keys may be'])
  assert.deepEqual(titlesOf({ createdAtMs: nowMs - 100 * dayMs }), ['A key is older than keys may be'])
  assert.deepEqual(titlesOf({}), [])
})

test('keyReminders() says nothing of keys that are of no use, whose successor is there, or that were made for hours', () => {
  const old = { createdAtMs: nowMs - 100 * dayMs }
  assert.deepEqual(titlesOf({ ...old, revokedAtMs: nowMs - 1 }), [])
  assert.deepEqual(titlesOf({ ...old, expiresAtMs: nowMs - 1 }), [])
  assert.deepEqual(titlesOf({ ...old, successorId: 'x', expiresAtMs: nowMs + dayMs / 2 }), [])
  assert.deepEqual(titlesOf(old, { ...acme, state: 'disabled' }), [])
  assert.deepEqual(titlesOf({ createdAtMs: nowMs - 3_600_000, expiresAtMs: nowMs + 11 * 3_600_000 }), [])
})

test('a reminder is the same until the next of the times is reached', () => {
  const about = (leftMs: number): string | undefined => {
    const credentials = [key({ createdAtMs: 0, expiresAtMs: nowMs + 7 * dayMs })]
    return keyReminders(
      { credentials, consumers: [acme], nowMs: nowMs + 7 * dayMs - leftMs },
      { ...ages, ageMsMax: Infinity },
    )[0]?.about
  }
  assert.equal(about(7 * dayMs), about(2 * dayMs))
  assert.notEqual(about(2 * dayMs), about(dayMs))
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { type AccessEvent, emptyEvent } from '../../core/mod.ts'
import { differencesMax, differencesOf } from './differences.ts'
import { addToProfile, openProfile, type Profile } from './profile.ts'
import type { Difference } from './results.ts'

const dayMs = 86_400_000
const base: AccessEvent = {
  ...emptyEvent,
  api: 'orders',
  route: 'GET /v1/orders',
  method: 'GET',
  outcome: 'served',
  status: 200,
  clientIp: '198.51.100.7',
  userAgent: 'shop/1',
  consumer: 'acme',
  credentialId: 'K1',
  identifiedBy: 'api-key',
}

function profileOf(...parts: readonly (readonly [count: number, event: Partial<AccessEvent>])[]): Profile {
  const profile = openProfile()
  let seq = 0
  for (const [count, event] of parts)
    for (let n = 0; n < count; n++) addToProfile(profile, { ...base, ...event }, seq++)
  return profile
}

function told(before: Profile, now: Profile, nowMs = dayMs): string[] {
  const { entries } = differencesOf({ before, now, beforeMs: dayMs, nowMs })
  return entries.map(({ dimension, change, key }) => `${dimension} ${change} ${key}`)
}

test('differencesOf() finds nothing where nothing differs', () => {
  assert.deepEqual(told(profileOf([100, {}]), profileOf([105, {}])), [])
})

test('differencesOf() puts who is new before what is new, and that before what has vanished', () => {
  const before = profileOf([50, {}], [50, { consumer: 'gone', credentialId: 'K0', route: 'GET /v1/old' }])
  const now = profileOf(
    [50, {}],
    [
      50,
      {
        consumer: 'new',
        credentialId: 'K2',
        route: 'POST /v1/admin',
        method: 'POST',
        userAgent: 'curl/8',
        clientIp: '203.0.113.1',
      },
    ],
  )
  assert.deepEqual(told(before, now), [
    'consumer new new',
    'credential new K2',
    'route new orders POST /v1/admin',
    'consumer vanished gone',
    'credential vanished K0',
    'userAgent new curl',
    'network new 203.0.113.0/24',
    'route vanished orders GET /v1/old',
  ])
})

test('differencesOf() tells of volumes that chance does not explain', () => {
  assert.deepEqual(told(profileOf([100, {}]), profileOf([400, {}])), [
    'volume more consumer acme',
    'volume more route orders GET /v1/orders',
  ])
  assert.deepEqual(told(profileOf([400, {}]), profileOf([100, {}]))[0], 'volume less consumer acme')
  assert.deepEqual(told(profileOf([3, {}]), profileOf([12, {}])), [], 'few requests say nothing')
})

test('differencesOf() takes the lengths of the periods into account', () => {
  assert.deepEqual(told(profileOf([100, {}]), profileOf([700, {}]), 7 * dayMs), [])
})

test('differencesOf() tells of a share of errors that has moved', () => {
  const bad = { outcome: 'failed', status: 502, reason: 'upstream_reset' } as const
  const before = profileOf([95, {}], [5, bad])
  const now = profileOf([60, {}], [40, bad])
  assert.deepEqual(told(before, now), ['errors more consumer acme', 'errors more route orders GET /v1/orders'])
})

test('differencesOf() lists the weightiest, and counts the rest', () => {
  const many = Array.from({ length: 100 }, (_, n) => [1, { clientIp: `10.0.${n}.1` }] as const)
  const { entries, beyond } = differencesOf({
    before: profileOf([1, {}]),
    now: profileOf(...many, [1, { consumer: 'new' }]),
    beforeMs: dayMs,
    nowMs: dayMs,
  })
  assert.equal(entries.length, differencesMax)
  assert.ok(beyond > 0)
  assert.equal(entries[0]?.dimension, 'consumer')
  const scores = entries.map((entry: Difference) => entry.score)
  assert.deepEqual(
    scores,
    scores.toSorted((a, b) => b - a),
  )
  assert.ok(scores.every((score) => Number.isInteger(score) && score >= 0 && score <= 999))
})

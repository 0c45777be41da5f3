import assert from 'node:assert/strict'
import test from 'node:test'
import { type LoadedConfig, loadText } from './load-config.ts'

function load(reviews: string): LoadedConfig {
  const text = `version: 1\n${reviews}\napis:\n  a:\n    upstream: http://127.0.0.1:3000\n`
  return loadText(text, { path: 'gatehouse.yaml', env: {}, cores: 1, host: 'h' })
}

function plansOf(loaded: LoadedConfig): unknown {
  return loaded.ok ? loaded.config.reviews : assert.fail(loaded.text)
}

test('reviews is one review each day when left out, and none when empty', () => {
  assert.partialDeepStrictEqual(plansOf(load('')), [
    { name: 'daily', cron: '30 7 * * *', period: 'day', sample: 25, dueMs: 86_400_000, signers: [] },
  ])
  assert.deepEqual(plansOf(load('reviews: {}')), [])
})

test('reviews takes plans with cron, time zone, period, sample, due and signers', () => {
  const plans = plansOf(
    load(
      'reviews:\n  weekly: { cron: "0  9 * * 1", timeZone: Europe/Berlin, period: week, sample: 60, due: 3d, signers: [ana, ana] }',
    ),
  )
  assert.deepEqual(plans, [
    {
      name: 'weekly',
      cron: '0 9 * * 1',
      timeZone: 'Europe/Berlin',
      period: 'week',
      sample: 60,
      dueMs: 3 * 86_400_000,
      signers: ['ana'],
    },
  ])
})

test('reviews says what is wrong with a plan', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['reviews: { daily: { cron: half past seven } }', /is not a cron expression/],
    ['reviews: { daily: { cron: "0 30 7 * * *" } }', /is not a cron expression/],
    ['reviews: { daily: { cron: "0 0 30 2 *" } }', /never comes/],
    ['reviews: { daily: { timeZone: Europe/Berln } }', /did you mean "Europe\/Berlin"/],
    ['reviews: { daily: { timeZone: "+01:00" } }', /is not a time zone/],
    ['reviews: { daily: { due: 1m } }', /at least 1h/],
    ['reviews: { daily: { smaple: 5 } }', /did you mean "?sample/],
    ['reviews: { Daily Review: {} }', /is not a name for a review/],
  ]
  for (const [text, message] of cases) {
    const loaded = load(text)
    assert.ok(!loaded.ok, text)
    assert.match(loaded.text, message)
  }
})

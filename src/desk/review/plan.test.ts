import assert from 'node:assert/strict'
import test from 'node:test'
import {
  momentsBetween,
  nextMoment,
  periodAsked,
  periodBefore,
  periodBeforeThat,
  type ReviewPlan,
  runIdOf,
} from './plan.ts'
import { dailyPlan } from './test/bench.ts'

const berlin: ReviewPlan = { ...dailyPlan, cron: '30 2 * * *', timeZone: 'Europe/Berlin' }
const hours = ({ fromMs, toMs }: { fromMs: number; toMs: number }): number => (toMs - fromMs) / 3_600_000
const iso = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString())

test('nextMoment() comes once on the day on which the clocks skip its time', () => {
  const first = nextMoment(berlin, Date.parse('2026-03-28T12:00:00Z'))
  assert.equal(iso(first), '2026-03-29T01:00:00.000Z', '02:30 does not exist: it is 03:00 in Berlin')
  assert.equal(iso(nextMoment(berlin, first ?? 0)), '2026-03-30T00:30:00.000Z')
})

test('nextMoment() comes once on the day that has its time twice', () => {
  const first = nextMoment(berlin, Date.parse('2026-10-24T12:00:00Z'))
  assert.equal(iso(first), '2026-10-25T00:30:00.000Z')
  assert.equal(iso(nextMoment(berlin, first ?? 0)), '2026-10-26T01:30:00.000Z')
})

test('periodBefore() is the whole local day before, of 23 and 25 hours too', () => {
  const spring = periodBefore(berlin, Date.parse('2026-03-30T00:30:00Z'))
  assert.deepEqual([spring.label, hours(spring)], ['2026-03-29', 23])
  const autumn = periodBefore(berlin, Date.parse('2026-10-26T01:30:00Z'))
  assert.deepEqual([autumn.label, hours(autumn)], ['2026-10-25', 25])
})

test('periodBefore() begins a day where the clocks go on when they skip midnight', () => {
  const cairo = { ...berlin, timeZone: 'Africa/Cairo' }
  const period = periodBefore(cairo, Date.parse('2026-04-25T12:00:00Z'))
  assert.deepEqual([period.label, iso(period.fromMs), hours(period)], ['2026-04-24', '2026-04-23T22:00:00.000Z', 23])
})

test('periodBefore() is the week from Monday, and the month, before', () => {
  const moment = Date.parse('2027-01-05T12:00:00Z')
  const week = periodBefore({ ...dailyPlan, period: 'week' }, moment)
  assert.deepEqual([week.label, iso(week.fromMs), hours(week)], ['2026-W53', '2026-12-28T00:00:00.000Z', 168])
  const month = periodBefore({ ...dailyPlan, period: 'month' }, moment)
  assert.deepEqual([month.label, iso(month.fromMs)], ['2026-12', '2026-12-01T00:00:00.000Z'])
})

test('periodBeforeThat() ends where the period begins', () => {
  for (const period of ['day', 'week', 'month'] as const) {
    const plan = { ...berlin, period }
    const one = periodBefore(plan, Date.parse('2026-11-25T12:00:00Z'))
    const other = periodBeforeThat(plan, one)
    assert.equal(other.toMs, one.fromMs)
    assert.ok(other.fromMs < other.toMs)
  }
})

test('periodAsked() takes a day, a length and two moments that have passed', () => {
  const nowMs = Date.parse('2026-11-25T04:00:00Z')
  assert.equal(periodAsked(dailyPlan, 'previous', nowMs).label, '2026-11-24')
  assert.equal(periodAsked(dailyPlan, '2026-11-23', nowMs).label, '2026-11-23')
  assert.equal(hours(periodAsked(dailyPlan, 'today', nowMs)), 4)
  assert.equal(hours(periodAsked(dailyPlan, '7d', nowMs)), 168)
  assert.equal(hours(periodAsked(dailyPlan, '2026-11-24T08:00Z/2026-11-24T13:00+01:00', nowMs)), 4)
})

test('periodAsked() refuses what has not ended, what is empty and what is no period', () => {
  const nowMs = Date.parse('2026-11-25T04:00:00Z')
  for (const text of [
    '2026-11-25',
    '2026-02-30',
    'yesterday',
    '0h',
    '2026-11-24T08:00Z/2026-11-24T07:00Z',
    '2026-11-24/x',
    '2026-11-24T08:00Z/2026-11-26T08:00Z',
    '',
  ])
    assert.throws(() => periodAsked(dailyPlan, text, nowMs), { code: 'invalid_argument' }, text)
})

test('momentsBetween() gives each moment of the stretch once, its end included and its beginning not', () => {
  const range = { afterMs: Date.parse('2026-11-21T07:30:00Z'), toMs: Date.parse('2026-11-24T07:30:00Z') }
  assert.deepEqual(momentsBetween(dailyPlan, range, 50).map(iso), [
    '2026-11-22T07:30:00.000Z',
    '2026-11-23T07:30:00.000Z',
    '2026-11-24T07:30:00.000Z',
  ])
  assert.deepEqual(momentsBetween(dailyPlan, range, 1).map(iso), ['2026-11-24T07:30:00.000Z'])
})

test('runIdOf() can stand in a path', () => {
  const period = periodAsked(dailyPlan, '24h', Date.parse('2026-11-25T04:00:00Z'))
  assert.equal(runIdOf(dailyPlan, period), 'daily-20261124T040000Z-20261125T040000Z')
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { emptyEvent } from '../../../src/core/access-event-empty.ts'
import type { ShownEvent } from '../api/types.ts'
import { parseFilter } from './filter.ts'
import {
  beginTail,
  fillGap,
  pause,
  resume,
  rowsMax,
  takeBatch,
  takePage,
  type Tail,
  waitingCount,
  waitingMax,
} from './tail.ts'

function shown(seq: number, path: string = '/v1/orders'): ShownEvent {
  return { seq, recordedAtUs: seq, event: { ...emptyEvent, path, id: String(seq), outcome: 'served', status: 200 } }
}

function shownFrom(from: number, to: number): ShownEvent[] {
  return Array.from({ length: to - from }, (_, at) => shown(from + at))
}

const begin = (text: string = ''): Tail => beginTail(parseFilter(text), 100)

function places(tail: Tail): (number | string)[] {
  return tail.rows.map((row) =>
    row.kind === 'gap' ? `${row.count} of ${row.afterSeq + 1}–${row.toSeq}` : row.shown.seq,
  )
}

test('takeBatch() puts the newest first and counts what was matched, sent and dropped', () => {
  const tail = takeBatch(
    takeBatch(begin(), { events: [shown(100), shown(101)], skipped: 0 }, 101),
    { events: [shown(105)], skipped: 3 },
    105,
  )
  assert.deepEqual(places(tail), [105, '3 of 102–105', 101, 100])
  assert.deepEqual([tail.matched, tail.sent, tail.dropped], [6, 3, 3])
})

test('takeBatch() shows no record twice when the stream comes back', () => {
  const once = takeBatch(begin(), { events: [shown(100), shown(101)], skipped: 0 }, 101)
  assert.deepEqual(places(takeBatch(once, { events: [shown(101), shown(102)], skipped: 0 }, 102)), [102, 101, 100])
})

test('takeBatch() counts nothing as dropped that was seen before', () => {
  const seen = takeBatch(begin(), { events: [shown(100), shown(101)], skipped: 0 }, 101)
  const again = takeBatch(seen, { events: [shown(90)], skipped: 50 }, 95)
  assert.deepEqual([again.dropped, places(again)], [0, [101, 100]])
  const over = takeBatch(again, { events: [shown(103)], skipped: 50 }, 103)
  assert.deepEqual([over.dropped, places(over)], [1, [103, '1 of 102–103', 101, 100]])
})

test('takeBatch() leaves out what the filter does not want, though it was sent', () => {
  const tail = takeBatch(begin('path:/v1/login'), { events: [shown(100), shown(101, '/v1/login')], skipped: 0 }, 101)
  assert.deepEqual([places(tail), tail.sent], [[101], 2])
})

test('pause() holds back what comes, counted, and resume() shows it above what was there', () => {
  const paused = takeBatch(
    pause(takeBatch(begin(), { events: [shown(100)], skipped: 0 }, 100)),
    { events: [shown(101)], skipped: 2 },
    103,
  )
  assert.deepEqual([places(paused), waitingCount(paused)], [[100], 3])
  assert.deepEqual(places(resume(paused)), [101, '2 of 101–103', 100])
})

test('pause() holds back a bounded number of rows and counts the rest as a gap', () => {
  let tail = pause(begin())
  for (let at = 0; at < 6000; at += 200)
    tail = takeBatch(tail, { events: shownFrom(100 + at, 300 + at), skipped: 0 }, 299 + at)
  assert.equal(tail.waiting.length, waitingMax)
  assert.equal(waitingCount(tail), 6000)
})

test('takeBatch() drops the oldest rows beyond its bound, where an older page begins again', () => {
  let tail = begin()
  for (let at = 0; at < rowsMax + 400; at += 200)
    tail = takeBatch(tail, { events: shownFrom(100 + at, 300 + at), skipped: 0 }, 299 + at)
  assert.equal(tail.rows.length, rowsMax)
  assert.equal(tail.older, 500)
})

test('takePage() adds older records behind, without those that are there', () => {
  const tail = takePage(takeBatch(begin(), { events: [shown(100)], skipped: 0 }, 100), {
    items: [shown(100), shown(99)],
    next: 99,
  })
  assert.deepEqual([places(tail), tail.older], [[100, 99], 99])
})

test('fillGap() puts fetched records in place, and keeps a gap for what it did not reach', () => {
  const tail = takeBatch(begin(), { events: [shown(103), shown(109)], skipped: 8 }, 109)
  const gap = tail.rows.find((row) => row.kind === 'gap')
  assert.ok(gap !== undefined)
  const all = [...shownFrom(100, 110)].toReversed()
  assert.deepEqual(
    places(fillGap(tail, gap, { items: all, next: null })),
    [109, 108, 107, 106, 105, 104, 103, 102, 101, 100],
  )
  assert.deepEqual(places(fillGap(tail, gap, { items: all.slice(0, 4), next: 106 })), [
    109,
    108,
    107,
    106,
    '5 of 100–105',
    103,
  ])
})

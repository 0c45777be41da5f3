import assert from 'node:assert/strict'
import test from 'node:test'
import { cutOffEvent } from './dead-thread.ts'
import { eventOf, idOf } from './test/support.ts'

test('cutOffEvent() keeps what the opened record knows, its mark too, and says what is unknown', () => {
  const opened = eventOf('opened', idOf(1, 1), { opening: '0123456789abcdef', path: '/film', status: 206 })
  const { kind, opening, path, status, outcome, reason, unknown } = cutOffEvent(opened, 'process_died')
  assert.deepEqual(
    { kind, opening, path, status, outcome, reason },
    {
      kind: 'request',
      opening: '0123456789abcdef',
      path: '/film',
      status: 206,
      outcome: 'aborted',
      reason: 'process_died',
    },
  )
  assert.deepEqual(unknown, ['durationUs', 'requestBytes', 'responseBytes'])
})

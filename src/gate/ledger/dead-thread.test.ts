import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeAccessEvent } from '../../core/mod.ts'
import { cutOffRecord } from './dead-thread.ts'
import { jsonBytesMax } from './envelope.ts'
import { idOf, jsonOf } from './test/support.ts'

test('cutOffRecord() keeps what the opened record knows, and fits even when that one was as long as a record may be', () => {
  const short = decodeAccessEvent(
    Buffer.from(
      cutOffRecord(Buffer.from(jsonOf('opened', idOf(1, 1), { path: '/film', status: 206 })), 'process_died'),
    ),
  )
  assert.deepEqual(
    [short.kind, short.path, short.status, short.outcome, short.reason],
    ['request', '/film', 206, 'aborted', 'process_died'],
  )
  const scopesHeld = Array.from({ length: 200 }, (_, i) => `scope-${i}-${'s'.repeat(150)}`)
  const long = jsonOf('opened', idOf(1, 1), { scopesHeld, note: '' })
  assert.ok(Buffer.byteLength(long) > jsonBytesMax - 100)
  const cut = cutOffRecord(Buffer.from(long), 'thread_died')
  assert.ok(Buffer.byteLength(cut) <= jsonBytesMax)
  assert.equal(decodeAccessEvent(Buffer.from(cut)).reason, 'thread_died')
})

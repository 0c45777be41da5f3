import assert from 'node:assert/strict'
import test from 'node:test'
import { anonymous, type Principal } from '../core/mod.ts'
import { keyNotices, noticesBeside } from './handle-notices.ts'

const caller: Principal = {
  kind: 'consumer',
  consumerId: 'c1',
  consumerName: 'acme',
  credentialId: 'A1b2C3d4E5f6',
  via: 'api-key',
  environment: 'live',
  scopes: new Set(),
  roles: [],
  deprecation: { atMs: 1_790_000_000_999, sunsetMs: 1_790_086_400_999 },
}

test('keyNotices() tells the holder of a rotated key since when and until when', () => {
  assert.deepEqual(keyNotices(caller), ['deprecation', '@1790000000', 'sunset', 'Tue, 22 Sep 2026 14:13:20 GMT'])
  assert.deepEqual(keyNotices({ ...caller, deprecation: null }), [])
  assert.deepEqual(keyNotices(anonymous), [])
})

test('noticesBeside() leaves to the upstream what it says itself', () => {
  const notices = keyNotices(caller)
  assert.equal(noticesBeside(['content-type', 'text/plain'], notices), notices)
  assert.deepEqual(noticesBeside(['sunset', 'Tue, 22 Sep 2026 14:13:20 GMT'], notices), [])
  assert.deepEqual(noticesBeside([], []), [])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { createRequestIds } from './request-ids.ts'

const nowMs = (): number => 0x0123456789ab

test('requestId() and spanId() give distinct lower-case hex of 32 and 16 digits, over many blocks', () => {
  const ids = createRequestIds({ nowMs })
  const seen = new Set<string>()
  for (let i = 0; i < 2000; i++) {
    const [request, span] = [ids.requestId(), ids.spanId()]
    assert.match(request, /^[0-9a-f]{32}$/)
    assert.match(span, /^[0-9a-f]{16}$/)
    seen.add(request).add(span)
  }
  assert.equal(seen.size, 4000)
})

test('requestId() begins with the time, so that ids sort by it', () => {
  let now = 0x0123456789ab
  const ids = createRequestIds({ nowMs: () => now })
  const first = ids.requestId()
  assert.equal(first.slice(0, 12), '0123456789ab')
  now += 1
  assert.equal(ids.requestId().slice(0, 12), '0123456789ac')
  now += 1000
  assert.ok(ids.requestId() > first)
})

test('spanId() is never all zero', () => {
  const ids = createRequestIds({ nowMs, fill: (block) => block.fill(0).fill(1, 16, 17) })
  assert.equal(ids.spanId(), '0100000000000000')
})

test('createRequestIds() uses each random byte once', () => {
  let blocks = 0
  const ids = createRequestIds({
    nowMs,
    fill: (block) => {
      blocks++
      for (let i = 0; i < block.length; i += 2) block.writeUInt16BE((blocks * 0x0800 + (i >> 1)) & 0xffff, i)
    },
  })
  const words = new Set<string>()
  for (let i = 0; i < 512; i++) {
    const id = ids.requestId().slice(12) + ids.spanId()
    for (let at = 0; at < id.length; at += 4) words.add(id.slice(at, at + 4))
  }
  assert.equal(words.size, 512 * 9)
})

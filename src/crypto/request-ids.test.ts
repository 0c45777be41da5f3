import assert from 'node:assert/strict'
import test from 'node:test'
import { createRequestIds } from './request-ids.ts'

test('requestId() and spanId() give distinct lower-case hex of 32 and 16 digits, over many blocks', () => {
  const ids = createRequestIds()
  const seen = new Set<string>()
  for (let i = 0; i < 2000; i++) {
    const [request, span] = [ids.requestId(), ids.spanId()]
    assert.match(request, /^[0-9a-f]{32}$/)
    assert.match(span, /^[0-9a-f]{16}$/)
    seen.add(request).add(span)
  }
  assert.equal(seen.size, 4000)
})

test('spanId() is never all zero', () => {
  const ids = createRequestIds((block) => block.fill(0).fill(1, 16, 17))
  assert.equal(ids.spanId(), '0100000000000000')
})

test('createRequestIds() uses each random byte once', () => {
  let blocks = 0
  const ids = createRequestIds((block) => {
    blocks++
    for (let i = 0; i < block.length; i += 4) block.writeUInt32BE(blocks * 0x10000 + i + 1, i)
  })
  const words = new Set<string>()
  for (let i = 0; i < 512; i++) {
    const id = ids.requestId() + ids.spanId()
    for (let at = 0; at < id.length; at += 8) words.add(id.slice(at, at + 8))
  }
  assert.equal(words.size, 512 * 6)
})

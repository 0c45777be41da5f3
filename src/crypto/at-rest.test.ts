import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { hasCode } from '../core/mod.ts'
import { envelopeBytes, openAtRest, openAtRestBeside } from './at-rest.ts'

const root = new Uint8Array(32).fill(3)
const text = Buffer.from('a name, an address, a token')

test('seal() gives what open() takes back, from another start of the same root too', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.string(), (bytes, place) => {
      const envelope = openAtRest(root).sealer('index').seal(bytes, place)
      assert.equal(envelope.length, bytes.length + envelopeBytes)
      assert.deepEqual(new Uint8Array(openAtRest(root).sealer('index').open(envelope, place)), bytes)
    }),
  )
})

test('open() refuses an envelope that was changed at any byte, cut, moved, or sealed by another', () => {
  const sealer = openAtRest(root).sealer('index')
  const envelope = sealer.seal(text, 'here')
  const refused = (bytes: Uint8Array, place = 'here', by = sealer): void => {
    assert.throws(
      () => by.open(bytes, place),
      (error) => hasCode(error, 'store_unreadable'),
    )
  }
  for (let at = 0; at < envelope.length; at++) {
    const changed = Buffer.from(envelope)
    changed[at] = (changed[at] ?? 0) ^ 1
    refused(changed)
  }
  for (let length = 0; length < envelope.length; length++) refused(envelope.subarray(0, length))
  refused(envelope, 'there')
  refused(envelope, 'here', openAtRest(root).sealer('control'))
  refused(envelope, 'here', openAtRest(new Uint8Array(32)).sealer('index'))
})

test('seal() never gives the same bytes twice, and shows nothing of the text', () => {
  const sealer = openAtRest(root).sealer('index')
  const envelopes = new Set(Array.from({ length: 100 }, () => sealer.seal(text, 'here').toString('hex')))
  assert.equal(envelopes.size, 100)
  assert.ok(!sealer.seal(text, 'here').includes(text.subarray(0, 6)))
})

test('tag() is the same for the same value under the same purpose, and only there', () => {
  const at = openAtRest(root)
  assert.equal(at.sealer('control').tag('acme'), openAtRest(root).sealer('control').tag('acme'))
  assert.notEqual(at.sealer('control').tag('acme'), at.sealer('index').tag('acme'))
  assert.match(at.sealer('control').tag('acme'), /^[0-9a-f]{32}$/)
})

test('openAtRestBeside() makes a root key once, and refuses to make another over what the lost one sealed', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-at-rest-'))
  try {
    mkdirSync(join(dir, 'keys'), { mode: 0o700 })
    const envelope = openAtRestBeside(dir).sealer('index').seal(text, 'here')
    assert.deepEqual(openAtRestBeside(dir).sealer('index').open(envelope, 'here'), text)
    writeFileSync(join(dir, 'control.db'), '')
    rmSync(join(dir, 'keys', 'root'))
    assert.throws(
      () => openAtRestBeside(dir),
      (error) => hasCode(error, 'store_unreadable'),
    )
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

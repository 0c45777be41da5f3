import assert from 'node:assert/strict'
import test from 'node:test'
import { type AuditEntry, decodeAuditEntry, encodeAuditEntry, joinAuditEntry } from './audit-entry.ts'

const encoder = new TextEncoder()
const entry: AuditEntry = {
  kind: 'key.created',
  actor: 'token',
  atMs: 1_790_000_000_000,
  id: '0123456789abcdef0123456789abcdef',
  details: { scopes: ['b', 'a'], consumer: 'acme', nested: { z: 1, a: true }, ö: 'x' },
}

test('encodeAuditEntry() writes both parts as canonical JSON, details in the sealed one only', () => {
  const parts = encodeAuditEntry(entry, 'ff00')
  assert.equal(parts.public, '{"a":"token","b":"ff00","k":"key.created","t":1790000000000}')
  assert.equal(
    parts.sealed,
    '{"details":{"consumer":"acme","nested":{"a":true,"z":1},"scopes":["b","a"],"ö":"x"},"id":"0123456789abcdef0123456789abcdef"}',
  )
})

test('joinAuditEntry() gives the entry back, and what is public of one whose sealed part is gone', () => {
  const parts = encodeAuditEntry(entry, 'ff00')
  const [open, sealed] = [encoder.encode(parts.public), encoder.encode(parts.sealed)]
  assert.deepEqual(decodeAuditEntry(encoder.encode(joinAuditEntry(open, sealed))), entry)
  assert.deepEqual(decodeAuditEntry(encoder.encode(joinAuditEntry(open, null))), { ...entry, id: '', details: {} })
})

test('encodeAuditEntry() writes what a record cannot hold as text', () => {
  const { sealed } = encodeAuditEntry({ ...entry, details: { half: 0.5, lone: '\ud800' } }, '')
  assert.equal(sealed, '{"details":{"half":"0.5","lone":"\ufffd"},"id":"0123456789abcdef0123456789abcdef"}')
})

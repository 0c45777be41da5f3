import assert from 'node:assert/strict'
import test from 'node:test'
import { type AuditEvent, decodeAuditEvent, encodeAuditEvent, joinAuditEvent } from './audit-event.ts'
import { TextWriter } from './text-writer.ts'

const given = { boot: '0123456789abcdef', salt: 'ab'.repeat(16) }

function partsOf(event: AuditEvent): { readonly public: Uint8Array; readonly sealed: Uint8Array } {
  const [shown, hidden] = [new Uint8Array(4096), new Uint8Array(4096)]
  const parts = { public: new TextWriter(shown), sealed: new TextWriter(hidden) }
  encodeAuditEvent(event, given, parts)
  return { public: shown.subarray(0, parts.public.at), sealed: hidden.subarray(0, parts.sealed.at) }
}

const event: AuditEvent = {
  kind: 'key.created',
  atMs: 1_790_000_000_000,
  actor: 'token',
  details: { scopes: ['a', 'b'], consumer: 'acme', live: true, count: 3 },
}

test('an audit event is the same after both its parts were written, joined and read', () => {
  const parts = partsOf(event)
  assert.deepEqual(decodeAuditEvent(joinAuditEvent(parts.public, parts.sealed)), { ...event, boot: given.boot })
  assert.equal(Buffer.from(parts.sealed).toString(), '{"consumer":"acme","count":3,"live":true,"scopes":["a","b"]}')
})

test('an audit event without details has no sealed part, and a salt that keeps it from being guessed', () => {
  const parts = partsOf({ ...event, details: {} })
  assert.equal(parts.sealed.length, 0)
  assert.equal(
    Buffer.from(parts.public).toString(),
    `{"a":"token","b":"${given.boot}","k":"key.created","n":"${given.salt}","t":1790000000000}`,
  )
  assert.deepEqual(decodeAuditEvent(joinAuditEvent(parts.public, null)).details, {})
})

test('of an actor with a name, the name is in the sealed part alone', () => {
  const named: AuditEvent = { ...event, actor: 'admin:anna', details: { consumer: 'acme' } }
  const parts = partsOf(named)
  assert.doesNotMatch(Buffer.from(parts.public).toString(), /anna/)
  assert.match(Buffer.from(parts.public).toString(), /"a":"admin"/)
  assert.equal(Buffer.from(parts.sealed).toString(), '{"actor":"admin:anna","consumer":"acme"}')
  assert.deepEqual(decodeAuditEvent(joinAuditEvent(parts.public, parts.sealed)), { ...named, boot: given.boot })
})

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import test from 'node:test'
import { testAuthority } from '../../../test/support/certificates.ts'
import { handClock } from '../../../test/support/hand-clock.ts'
import { readCertificate } from '../../crypto/mod.ts'
import { type Control, openControl } from './control.ts'
import { openMemoryControlStore } from './memory-control-store.ts'

const authority = await testAuthority()
const { cert } = await authority.issue('acme')
const facts = readCertificate(cert)

async function controlAt(nowMs: number): Promise<Control> {
  return await openControl({
    store: openMemoryControlStore(),
    clock: handClock(nowMs),
    pepper: new Uint8Array(32),
    publish: () => Promise.resolve(true),
  })
}

test('addCertificate() registers a certificate by its digest until it ends, and tells of it', async () => {
  const control = await controlAt(Date.now())
  const wish = { consumer: 'acme', certificate: `${cert}\n${authority.cert}`, scopes: ['a', 'a'], createConsumer: true }
  const { credential, certificate, applied } = await control.by('socket').addCertificate(wish)
  assert.equal(applied, true)
  assert.equal(certificate.subject, 'CN=acme')
  assert.equal(credential.hmac, new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase())
  assert.deepEqual(
    [credential.kind, credential.hint, credential.scopes, credential.expiresAtMs],
    ['certificate', `sha256:${facts.sha256}`, ['a'], facts.notAfterMs + 1],
  )
  assert.match(credential.id, /^[0-9a-f]{32}$/)
  const told = (await control.outbox.next(10)).map(({ event }) => [event.kind, event.details['credential']])
  assert.deepEqual(told, [
    ['consumer.created', undefined],
    ['key.created', 'certificate'],
  ])
})

test('addCertificate() takes a certificate once, not after its end, and for nobody who is not there', async () => {
  const control = await controlAt(Date.now())
  const by = control.by('socket')
  const wish = { consumer: 'acme', certificate: cert, scopes: [] }
  await assert.rejects(by.addCertificate(wish), { code: 'not_found' })
  await by.createConsumer('acme')
  const { credential } = await by.addCertificate(wish)
  await assert.rejects(by.addCertificate(wish), {
    code: 'conflict',
    message: new RegExp(`already as ${credential.id}$`),
  })
  await by.revokeKey(credential.id)
  await assert.rejects(by.addCertificate(wish), { code: 'conflict', message: /revoked for good$/ })
  await assert.rejects(by.addCertificate({ ...wish, certificate: 'nonsense' }), { code: 'invalid_argument' })
  await assert.rejects(control.by('socket').rotateKey(credential.id), { code: 'conflict' })
  await by.changeConsumer('acme', { state: 'disabled' })
  const other = { ...wish, certificate: (await authority.issue('other')).cert }
  await assert.rejects(by.addCertificate(other), { code: 'conflict', message: /disabled$/ })
  const late = await controlAt(facts.notAfterMs)
  await assert.rejects(late.by('socket').addCertificate(wish), { code: 'conflict', message: /expired at/ })
})

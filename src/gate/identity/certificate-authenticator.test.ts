import assert from 'node:assert/strict'
import test from 'node:test'
import type { ClientCertificate, Consumer, Credential } from '../../core/mod.ts'
import type { Authenticated } from './authenticator.ts'
import { type CertificateAuthenticator, createCertificateAuthenticator } from './certificate-authenticator.ts'
import { nowMs, requestWith } from './test/tokens.ts'

const sha256 = 'ab'.repeat(32)
const acme: Consumer = { id: 'c1', name: 'acme', createdAtMs: 1, state: 'active', roles: ['reader'] }
const credential: Credential = {
  kind: 'certificate',
  id: '0'.repeat(32),
  consumerId: 'c1',
  environment: 'live',
  hmac: sha256,
  pepperVersion: 1,
  hint: `sha256:${sha256}`,
  scopes: ['orders:read'],
  createdAtMs: 1,
  notBeforeMs: nowMs - 1_000,
  expiresAtMs: nowMs + 1_000,
  revokedAtMs: null,
  lastUsedAtMs: null,
  rotatedFrom: null,
  successorId: null,
  rotatedAtMs: null,
}
const client: ClientCertificate = { sha256, fault: null, notAfterMs: nowMs + 1_000 }

function authenticatorOf(changes: Partial<Credential> = {}): CertificateAuthenticator {
  return createCertificateAuthenticator({ consumers: [acme], credentials: [{ ...credential, ...changes }] })
}

function verdict(found: Authenticated): string {
  if (found === null) return 'not mine'
  return found.kind === 'refused' ? `${found.refusal.reason}: ${found.refusal.note}` : 'ok'
}

test('a registered certificate that is vouched for says who calls', () => {
  const found = authenticatorOf().authenticate(requestWith([], client), nowMs)
  assert.ok(found?.kind === 'identified' && found.principal.kind === 'consumer')
  const { consumerName, credentialId, via, scopes, roles } = found.principal
  assert.deepEqual([consumerName, credentialId, via, roles], ['acme', credential.id, 'mtls', ['reader']])
  assert.deepEqual([...scopes], ['orders:read'])
  assert.equal(authenticatorOf().authenticate(requestWith([]), nowMs), null)
})

function ask(of: ClientCertificate, changes: Partial<Credential> = {}, at = nowMs): string {
  return verdict(authenticatorOf(changes).authenticate(requestWith([], of), at))
}

test('registered alone, or vouched for alone, is not enough', () => {
  assert.match(
    ask({ ...client, fault: 'CERT_HAS_EXPIRED' }),
    /^invalid_certificate: nobody vouches .*CERT_HAS_EXPIRED$/,
  )
  assert.match(ask({ ...client, sha256: 'cd'.repeat(32) }), /is not registered$/)
  assert.match(ask({ ...client, notAfterMs: nowMs - 1 }), /has expired on its connection$/)
  assert.match(ask(client, { revokedAtMs: 5 }), /: revoked at /)
  assert.match(ask({ ...client, notAfterMs: nowMs + 5_000 }, {}, nowMs + 1_000), /: expired at /)
  assert.match(ask(client, {}, nowMs - 2_000), /: not valid before /)
  assert.match(ask(client, { consumerId: 'gone' }), /: consumer gone is unknown$/)
  assert.match(ask(client, { kind: 'api-key' }), /is not registered$/)
})

test('change() holds for the next request on a connection that stands', () => {
  const authenticator = authenticatorOf()
  const request = requestWith([], client)
  assert.equal(verdict(authenticator.authenticate(request, nowMs)), 'ok')
  authenticator.change({ consumers: [{ ...acme, state: 'disabled' }], credentials: [] })
  assert.match(verdict(authenticator.authenticate(request, nowMs)), /consumer acme is disabled$/)
  authenticator.change({ consumers: [acme], credentials: [{ ...credential, revokedAtMs: nowMs }] })
  assert.match(verdict(authenticator.authenticate(request, nowMs)), /: revoked at /)
  authenticator.apply({ consumers: [], credentials: [] })
  assert.match(verdict(authenticator.authenticate(request, nowMs)), /is not registered$/)
})

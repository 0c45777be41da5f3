import assert from 'node:assert/strict'
import test from 'node:test'
import { type ApiRequest, type Consumer, type Credential, type Principal, reasons } from '../../core/mod.ts'
import { createKeyHasher, mintApiKey } from '../../crypto/mod.ts'
import { createApiKeyAuthenticator, type ApiKeyAuthenticator } from './mod.ts'

const pepper = new Uint8Array(32).fill(7)
const hasher = createKeyHasher(pepper)
const nowMs = Date.UTC(2026, 0, 15)
const acme: Consumer = { id: 'c1', name: 'acme', createdAtMs: 1, state: 'active', roles: [] }

/** A key and how it is kept, with what differs. */
function issue(differs: Partial<Credential> = {}): { key: string; credential: Credential } {
  const { key, id, hint } = mintApiKey('live')
  const credential: Credential = {
    kind: 'api-key',
    id,
    consumerId: 'c1',
    environment: 'live',
    hmac: hasher(key),
    pepperVersion: 1,
    hint,
    scopes: ['orders:read', 'orders:write'],
    createdAtMs: 1,
    notBeforeMs: null,
    expiresAtMs: null,
    revokedAtMs: null,
    lastUsedAtMs: null,
    rotatedFrom: null,
    successorId: null,
    rotatedAtMs: null,
    ...differs,
  }
  return { key, credential }
}

/** A well-formed key with the same id and another secret: the id's own digits are fed to the mint as randomness. */
function forged(key: string): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  const values = Array.from(key.slice(10, 22), (digit) => digits.indexOf(digit))
  const forgery = mintApiKey('live', (bytes) => Uint8Array.from({ length: bytes }, () => values.shift() ?? 5))
  assert.equal(forgery.id, key.slice(10, 22))
  return forgery.key
}

function request(...headers: string[]): ApiRequest {
  return {
    id: '0'.repeat(32),
    traceId: '0'.repeat(32),
    spanId: '0'.repeat(16),
    traceFlags: '00',
    receivedAtMs: nowMs,
    startedMs: 0,
    scheme: 'http',
    tls: null,
    protocol: 'HTTP/1.1',
    method: 'GET',
    host: 'api.example',
    authority: 'api.example',
    path: '/v1/orders',
    query: '',
    headers,
    peer: { address: '127.0.0.1', port: 1, clientIp: '127.0.0.1', trustedHop: null },
    bodyBytes: 0,
    headBytes: 0,
  }
}

const bearing = (key: string): ApiRequest => request('host', 'api.example', 'authorization', `Bearer ${key}`)

function principalFor(authenticator: ApiKeyAuthenticator, key: string, atMs = nowMs): Principal {
  const found = authenticator.authenticate(bearing(key), atMs)
  assert.ok(found?.kind === 'identified')
  return found.principal
}

/** Refused as `invalid_api_key`; gives all that the caller gets, and what only the record gets. */
function refusalFor(authenticator: ApiKeyAuthenticator, key: string, atMs = nowMs) {
  const found = authenticator.authenticate(bearing(key), atMs)
  assert.ok(found?.kind === 'refused')
  const { reason, detail, headers, note } = found.refusal
  assert.equal(reason, 'invalid_api_key')
  return { told: { reason, detail, headers }, note, credentialId: found.credentialId }
}

test('authenticate() proves the holder of a key in either place, and names the field to strip', () => {
  const { key, credential } = issue()
  const authenticator = createApiKeyAuthenticator({
    pepper,
    snapshot: { consumers: [acme], credentials: [credential] },
  })
  const principal: Principal = {
    kind: 'consumer',
    consumerId: 'c1',
    consumerName: 'acme',
    credentialId: credential.id,
    via: 'api-key',
    environment: 'live',
    scopes: new Set(['orders:read', 'orders:write']),
    roles: [],
    deprecation: null,
  }
  assert.deepEqual(authenticator.authenticate(bearing(key), nowMs), {
    kind: 'identified',
    principal,
    strip: ['authorization'],
  })
  assert.deepEqual(authenticator.authenticate(request('x-api-key', key), nowMs), {
    kind: 'identified',
    principal,
    strip: ['x-api-key'],
  })
})

test('authenticate() answers "not mine" where no key of ours is', () => {
  const authenticator = createApiKeyAuthenticator({ pepper })
  for (const headers of [
    [],
    ['authorization', 'Bearer eyJhbGciOiJFUzI1NiJ9.e30.x'],
    ['authorization', 'Basic YTpi'],
    ['cookie', 'gthk_live_x'],
  ]) {
    assert.equal(authenticator.authenticate(request(...headers), nowMs), null)
  }
})

test('authenticate() refuses two credentials as an invalid request', () => {
  const { key, credential } = issue()
  const authenticator = createApiKeyAuthenticator({
    pepper,
    snapshot: { consumers: [acme], credentials: [credential] },
  })
  for (const headers of [
    ['authorization', `Bearer ${key}`, 'x-api-key', key],
    ['x-api-key', key, 'x-api-key', key],
    ['authorization', `Bearer ${key}`, 'authorization', `Bearer ${key}`],
    ['authorization', 'Basic YTpi', 'authorization', `Bearer ${key}`],
  ]) {
    const found = authenticator.authenticate(request(...headers), nowMs)
    assert.ok(found?.kind === 'refused')
    assert.equal(found.refusal.reason, 'invalid_request')
    assert.equal(reasons[found.refusal.reason].status, 400)
    assert.deepEqual(found.refusal.headers, ['www-authenticate', 'Bearer realm="api", error="invalid_request"'])
    assert.equal(found.credentialId, null)
  }
})

test('authenticate() tells every unusable key the same, and the record why', () => {
  const revoked = issue({ revokedAtMs: Date.UTC(2027, 0, 1) })
  const expired = issue({ expiresAtMs: nowMs })
  const pending = issue({ notBeforeMs: nowMs + 1 })
  const disabled = issue({ consumerId: 'c2' })
  const orphan = issue({ consumerId: 'c3' })
  const good = issue()
  const damaged = issue({ hmac: 'ab' })
  const credentials = [revoked, expired, pending, disabled, orphan, good, damaged].map(({ credential }) => credential)
  const consumers: Consumer[] = [acme, { ...acme, id: 'c2', name: 'gone', state: 'disabled' }]
  const authenticator = createApiKeyAuthenticator({ pepper, snapshot: { consumers, credentials } })
  const unknown = mintApiKey('live')
  const table: readonly [string, string, string | null][] = [
    [revoked.key, 'revoked at 2027-01-01T00:00:00.000Z', revoked.credential.id],
    [expired.key, 'expired at 2026-01-15T00:00:00.000Z', expired.credential.id],
    [pending.key, 'not valid before 2026-01-15T00:00:00.001Z', pending.credential.id],
    [disabled.key, 'consumer gone is disabled', disabled.credential.id],
    [orphan.key, 'consumer c3 is unknown', orphan.credential.id],
    [unknown.key, 'unknown key', unknown.id],
    [forged(good.key), 'wrong secret', good.credential.id],
    [damaged.key, 'wrong secret', damaged.credential.id],
    ['gthk_live_short', 'not the form of a key', null],
    [`${good.key} `, 'not the form of a key', null],
    [`${good.key.slice(0, -1)}!`, 'not the form of a key', null],
  ]
  const told = table.map(([key, note, credentialId]) => {
    const refused = refusalFor(authenticator, key)
    assert.equal(refused.note, note)
    assert.equal(refused.credentialId, credentialId)
    return refused.told
  })
  for (const each of told) {
    assert.deepEqual(each, {
      reason: 'invalid_api_key',
      detail: 'The API key is not valid',
      headers: ['www-authenticate', 'Bearer realm="api", error="invalid_token"'],
    })
  }
})

test('authenticate() refuses a key of ours behind another scheme, and a malformed X-API-Key', () => {
  const { key, credential } = issue()
  const authenticator = createApiKeyAuthenticator({
    pepper,
    snapshot: { consumers: [acme], credentials: [credential] },
  })
  for (const headers of [
    ['authorization', key],
    ['authorization', `Token ${key}`],
    ['x-api-key', ''],
    ['x-api-key', `Bearer ${key}`],
  ]) {
    const found = authenticator.authenticate(request(...headers), nowMs)
    assert.ok(found?.kind === 'refused' && found.refusal.reason === 'invalid_api_key')
    assert.deepEqual(found.strip, [headers[0]])
  }
})

test('authenticate() opens a key from its first to before its last moment', () => {
  const { key, credential } = issue({ notBeforeMs: nowMs, expiresAtMs: nowMs + 1000 })
  const authenticator = createApiKeyAuthenticator({
    pepper,
    snapshot: { consumers: [acme], credentials: [credential] },
  })
  refusalFor(authenticator, key, nowMs - 1)
  principalFor(authenticator, key, nowMs)
  principalFor(authenticator, key, nowMs + 999)
  refusalFor(authenticator, key, nowMs + 1000)
})

test('authenticate() proves nothing under another pepper', () => {
  const { key, credential } = issue()
  const other = new Uint8Array(32).fill(8)
  const authenticator = createApiKeyAuthenticator({
    pepper: other,
    snapshot: { consumers: [acme], credentials: [credential] },
  })
  assert.equal(refusalFor(authenticator, key).note, 'wrong secret')
})

test('authenticate() gives one frozen principal for all requests of a key', () => {
  const { key, credential } = issue()
  const authenticator = createApiKeyAuthenticator({
    pepper,
    snapshot: { consumers: [acme], credentials: [credential] },
  })
  const principal = principalFor(authenticator, key)
  assert.ok(Object.isFrozen(principal))
  assert.equal(principalFor(authenticator, key), principal)
})

test('authenticate() tells of the roles of the consumer, and of a key that was rotated until when it works', () => {
  const rotated = issue({ rotatedAtMs: nowMs - 5, successorId: 'B1b2C3d4E5f6', expiresAtMs: nowMs + 1000 })
  const ending = issue({ expiresAtMs: nowMs + 1000 })
  const consumer: Consumer = { ...acme, roles: ['reader'] }
  const credentials = [rotated.credential, ending.credential]
  const authenticator = createApiKeyAuthenticator({ pepper, snapshot: { consumers: [consumer], credentials } })
  const principal = principalFor(authenticator, rotated.key)
  assert.ok(principal.kind === 'consumer')
  assert.deepEqual(principal.roles, ['reader'])
  assert.deepEqual(principal.deprecation, { atMs: nowMs - 5, sunsetMs: nowMs + 1000 })
  const other = principalFor(authenticator, ending.key)
  assert.ok(other.kind === 'consumer')
  assert.equal(other.deprecation, null)
  authenticator.change({ consumers: [{ ...consumer, roles: ['writer'] }], credentials: [] })
  const changed = principalFor(authenticator, rotated.key)
  assert.ok(changed.kind === 'consumer')
  assert.deepEqual(changed.roles, ['writer'])
})

test('change() holds for the next request: a new key, a revoked key, a disabled consumer, a new name', () => {
  const [one, two] = [issue(), issue()]
  const authenticator = createApiKeyAuthenticator({ pepper })
  refusalFor(authenticator, one.key)

  authenticator.change({ consumers: [], credentials: [one.credential] })
  assert.equal(refusalFor(authenticator, one.key).note, 'consumer c1 is unknown')
  authenticator.change({ consumers: [acme], credentials: [two.credential] })
  principalFor(authenticator, one.key)
  principalFor(authenticator, two.key)

  authenticator.change({ consumers: [], credentials: [{ ...one.credential, revokedAtMs: nowMs }] })
  refusalFor(authenticator, one.key)
  principalFor(authenticator, two.key)

  authenticator.change({ consumers: [{ ...acme, state: 'disabled' }], credentials: [] })
  assert.equal(refusalFor(authenticator, two.key).note, 'consumer acme is disabled')

  authenticator.change({ consumers: [{ ...acme, name: 'acme-2' }], credentials: [] })
  const renamed = principalFor(authenticator, two.key)
  assert.ok(renamed.kind === 'consumer' && renamed.consumerName === 'acme-2')

  authenticator.change({ consumers: [], credentials: [{ ...two.credential, scopes: ['orders:read'] }] })
  const narrowed = principalFor(authenticator, two.key)
  assert.ok(narrowed.kind === 'consumer')
  assert.deepEqual([...narrowed.scopes], ['orders:read'])
})

test('apply() forgets whatever the snapshot does not name', () => {
  const [one, two] = [issue(), issue()]
  const authenticator = createApiKeyAuthenticator({
    pepper,
    snapshot: { consumers: [acme], credentials: [one.credential] },
  })
  authenticator.apply({ consumers: [acme], credentials: [two.credential] })
  assert.equal(refusalFor(authenticator, one.key).note, 'unknown key')
  principalFor(authenticator, two.key)
})

test('authenticate() does the same work for an unknown key as for a wrong secret', () => {
  const { key, credential } = issue()
  const authenticator = createApiKeyAuthenticator({
    pepper,
    snapshot: { consumers: [acme], credentials: [credential] },
  })
  const requests = { unknown: bearing(mintApiKey('live').key), wrong: bearing(forged(key)) }
  // The least of many short, interleaved runs: what a busy machine adds falls away, a skipped hash (half the time) would not.
  const leastMs = { unknown: Infinity, wrong: Infinity }
  for (let round = 0; round < 400; round++) {
    for (const which of ['unknown', 'wrong'] as const) {
      const started = performance.now()
      for (let i = 0; i < 40; i++) authenticator.authenticate(requests[which], nowMs)
      leastMs[which] = Math.min(leastMs[which], performance.now() - started)
    }
  }
  const ratio = leastMs.unknown / leastMs.wrong
  assert.ok(ratio > 0.75 && ratio < 1.33, `unknown took ${ratio} of the time of wrong`)
})

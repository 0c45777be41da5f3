import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { testAuthority, type TestCertificate } from '../../test/support/certificates.ts'
import { type AuditEvent, systemClock, type TlsSettings } from '../core/mod.ts'
import { readCertificate } from '../crypto/mod.ts'
import { developmentTls } from './development-tls.ts'
import { type GateTls, openGateTls } from './gate-tls.ts'

const authority = await testAuthority()
const [first, second] = [await authority.issue('first'), await authority.issue('second')]

interface Bench extends Disposable {
  readonly tls: GateTls
  readonly settings: TlsSettings
  readonly audited: AuditEvent['details'][]
  readonly errors: string[]
  readonly changes: () => number
  put(pair: Partial<TestCertificate>): void
}

function bench(pair: TestCertificate = first): Bench {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
  const path = (name: string): string => join(dir, name)
  const put = ({ cert, key }: Partial<TestCertificate>): void => {
    if (cert !== undefined) writeFileSync(path('cert'), cert)
    if (key !== undefined) writeFileSync(path('key'), key)
  }
  put(pair)
  writeFileSync(path('ca'), authority.cert)
  const settings: TlsSettings = {
    listen: { host: '127.0.0.1', port: 0 },
    cert: path('cert'),
    key: path('key'),
    clientCa: path('ca'),
    minVersion: 'TLSv1.2',
    clientCert: 'optional',
    isDevelopment: false,
  }
  const audited: AuditEvent['details'][] = []
  const errors: string[] = []
  let changes = 0
  const tls = openGateTls({
    settings,
    clock: systemClock,
    audit: {
      tell: (kind, details) => {
        assert.equal(kind, 'certificate.loaded')
        audited.push(details)
        return Promise.resolve()
      },
    },
    log: {
      info: () => {},
      warn: () => {},
      error: (message, facts) => errors.push(`${message}: ${String(facts?.['why'])}`),
    },
    onChange: () => void changes++,
  })
  return {
    tls,
    settings,
    audited,
    errors,
    changes: () => changes,
    put,
    [Symbol.dispose]: () => {
      tls[Symbol.dispose]()
      rmSync(dir, { recursive: true })
    },
  }
}

test('a new pair of files is taken over, and the audit log told of it', () => {
  using one = bench()
  const { sha256, notAfterMs } = readCertificate(first.cert)
  assert.deepEqual(one.audited, [
    { sha256, notAfterMs, names: ['DNS:first', 'DNS:localhost', 'IP Address:127.0.0.1'], isDevelopment: false },
  ])
  one.tls.look()
  assert.equal(one.changes(), 0)
  const before = one.tls.secrets
  one.put(second)
  one.tls.look()
  assert.deepEqual([one.tls.secrets.cert, one.tls.secrets.key, one.changes()], [second.cert, second.key, 1])
  assert.deepEqual(one.tls.secrets.ticketKeys, before.ticketKeys)
  assert.equal(one.audited[1]?.['sha256'], readCertificate(second.cert).sha256)
})

test('a pair that cannot be used never replaces one that can, and is told of once', async () => {
  using one = bench()
  const expired = await authority.issue('expired', { from: new Date(1e12), until: new Date(Date.now() - 1_000) })
  for (const [bad, why] of [
    [{ cert: second.cert }, /belongs to another one/],
    [{ cert: 'nonsense' }, /no certificate/],
    [expired, /has expired/],
    [{ ...first, key: 'nonsense' }, /no private key/],
  ] as const) {
    one.put(bad)
    one.tls.look()
    one.tls.look()
    assert.match(one.errors.join('\n'), why)
    assert.equal(one.tls.secrets.cert, first.cert)
    one.errors.length = 0
  }
  rmSync(one.settings.key)
  one.tls.look()
  assert.match(one.errors.join('\n'), /ENOENT/)
  assert.deepEqual([one.changes(), one.audited.length], [0, 1])
  one.put(second)
  one.tls.look()
  assert.equal(one.tls.secrets.cert, second.cert)
})

test('other authorities of clients make the tickets of those before them worthless', async () => {
  using one = bench()
  const before = one.tls.secrets
  writeFileSync(String(one.settings.clientCa), (await testAuthority('another')).cert)
  one.tls.look()
  assert.notDeepEqual(one.tls.secrets.ticketKeys, before.ticketKeys)
  assert.equal(one.tls.secrets.ticketKeys.length, 48)
})

test('openGateTls() begins with nothing that cannot be used', () => {
  assert.throws(() => bench({ cert: first.cert, key: second.key }), { code: 'config_invalid', message: /another one/ })
})

test('developmentTls() makes a certificate of this machine, private, and keeps it until it is about to expire', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-dev-tls-'))
  try {
    const { ensurePrivateDir } = await import('../crypto/mod.ts')
    ensurePrivateDir(join(dir, 'keys'))
    const listen = { host: '127.0.0.1', port: 8443 }
    const nowMs = Date.now()
    const made = await developmentTls(dir, listen, nowMs)
    assert.deepEqual([made.listen, made.isDevelopment, made.clientCert], [listen, true, 'none'])
    assert.equal(statSync(made.key).mode & 0o777, 0o600)
    const { readFileSync } = await import('node:fs')
    const text = readFileSync(made.cert, 'utf8')
    assert.deepEqual(readCertificate(text).names, [
      'DNS:localhost',
      'IP Address:127.0.0.1',
      'IP Address:0:0:0:0:0:0:0:1',
    ])
    await developmentTls(dir, listen, nowMs + 20 * 86_400_000)
    assert.equal(readFileSync(made.cert, 'utf8'), text)
    await developmentTls(dir, listen, nowMs + 29 * 86_400_000)
    assert.notEqual(readFileSync(made.cert, 'utf8'), text)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

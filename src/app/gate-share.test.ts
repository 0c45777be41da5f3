import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import type { TlsSettings } from '../core/mod.ts'
import { probeTls } from './gate-share.ts'

const settingsAt = (port: number, isDevelopment: boolean): TlsSettings => ({
  listen: { host: '127.0.0.1', port },
  cert: 'a',
  key: 'b',
  minVersion: 'TLSv1.2',
  clientCa: null,
  clientCert: 'none',
  isDevelopment,
})

test('probeTls() goes without TLS for development where somebody else has the port, and only then', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo // it listens on TCP
  try {
    assert.deepEqual(await probeTls(settingsAt(port, true)), { tls: null, skipped: `127.0.0.1:${port}` })
    await assert.rejects(probeTls(settingsAt(port, false)), { code: 'port_taken' })
    const free = await probeTls(settingsAt(0, true))
    assert.equal(free.skipped, null)
    assert.ok((free.tls?.listen.port ?? 0) > 0)
    assert.deepEqual(await probeTls(null), { tls: null, skipped: null })
  } finally {
    other.close()
  }
})

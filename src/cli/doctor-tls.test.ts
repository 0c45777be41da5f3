import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { testAuthority } from '../../test/support/certificates.ts'
import type { TlsSettings } from '../core/mod.ts'
import type { Check } from './check-up.ts'
import { certificate } from './doctor-tls.ts'

const authority = await testAuthority()

test('certificate() says whether the files belong together, and for how long', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'))
  const path = (name: string): string => join(dir, name)
  const tls: TlsSettings = {
    listen: { host: '127.0.0.1', port: 0 },
    cert: path('cert'),
    key: path('key'),
    clientCa: path('ca'),
    minVersion: 'TLSv1.2',
    clientCert: 'optional',
    isDevelopment: false,
  }
  const gate = { node: 'n', listeners: [], threads: 1, engine: 'strict' as const, dataDir: dir, tls }
  const look = (inDays = 0): readonly Check[] => certificate({ gate }, Date.now() + inDays * 86_400_000)
  const states = (inDays = 0): string[] => look(inDays).map(({ id, state }) => `${id} ${state}`)
  try {
    const { cert, key } = await authority.issue('api', { until: new Date(Date.now() + 30 * 86_400_000) })
    assert.match(look()[0]?.found ?? '', /ENOENT/)
    writeFileSync(path('cert'), cert)
    writeFileSync(path('key'), key, { mode: 0o600 })
    writeFileSync(path('ca'), authority.cert)
    assert.deepEqual(states(), ['certificate ok', 'tls key ok', 'client ca ok'])
    assert.deepEqual(
      [states(20)[0], states(31)[0], states(-1)[0]],
      ['certificate advice', 'certificate wrong', 'certificate wrong'],
    )
    chmodSync(path('key'), 0o644)
    writeFileSync(path('ca'), 'nonsense')
    assert.deepEqual(states(), ['certificate ok', 'tls key wrong', 'client ca wrong'])
    writeFileSync(path('key'), (await authority.issue('other')).key)
    assert.match(look()[0]?.found ?? '', /is not the key of/)
    assert.deepEqual(certificate({ gate: { ...gate, tls: null } }, 0), [])
  } finally {
    rmSync(dir, { recursive: true })
  }
})

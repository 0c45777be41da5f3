/** Control on the embedded store: what only shows when a file is behind it. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { samplePolicy } from '../../../test/conformance/control-store.ts'
import { hasCode, systemClock } from '../../core/mod.ts'
import { type Control, openControl } from '../../desk/control/mod.ts'
import { openEmbeddedControlStore } from './control-store.ts'
import { sampleSealer } from './test/sample-sealer.ts'

const pepper = new Uint8Array(32).fill(7)

async function withControl<T>(path: string, body: (control: Control) => Promise<T>): Promise<T> {
  await using store = openEmbeddedControlStore(path, sampleSealer)
  await using control = await openControl({ store, clock: systemClock, pepper, publish: async () => true })
  return await body(control)
}

test('openControl() finds after a restart what it left, in the same revision', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-control-'))
  try {
    const path = join(dir, 'control.db')
    const [before, key] = await withControl(path, async (control) => {
      await control.setPolicy(samplePolicy)
      const { key: made, credential } = await control.by('socket').createKey({
        consumer: 'acme',
        scopes: ['orders:read'],
        environment: 'live',
        createConsumer: true,
      })
      await control.by('socket').createKey({ consumer: 'acme', scopes: [], environment: 'test', expiresInMs: 5000 })
      await control.by('socket').revokeKey(credential.id)
      control.touch(credential.id, 1_700_000_000_123)
      await control.by('socket').changeConsumer('acme', { state: 'disabled' })
      return [control.snapshot(), made] as const
    })
    const after = await withControl(path, async (control) => {
      assert.equal((await control.setPolicy(samplePolicy)).changed, false)
      await assert.rejects(control.by('socket').createConsumer('acme'), (error) => hasCode(error, 'conflict'))
      return control.snapshot()
    })
    assert.deepEqual(after, before)
    assert.equal(readFileSync(path).includes(key), false, 'the key itself must not be in the file')
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { noteUses } from './note-uses.ts'
import { openBench } from './test/bench.ts'

test('noteUses() notes what was proven, not what was claimed', async () => {
  await using bench = await openBench()
  noteUses(bench.events, bench.control)
  const { credential } = await bench.control.by('socket').createKey({
    consumer: 'acme',
    scopes: [],
    environment: 'live',
    createConsumer: true,
  })
  const lastUse = (): number | null => bench.control.listKeys()[0]?.lastUsedAtMs ?? null
  await bench.append({ credentialId: credential.id, identifiedBy: null, receivedAtMs: 700 })
  assert.equal(lastUse(), null)
  await bench.append({ credentialId: credential.id, identifiedBy: 'api-key', receivedAtMs: 500 })
  assert.equal(lastUse(), 500)
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { hasCode } from '../../core/mod.ts'
import { type Control, openControl } from './control.ts'
import { openMemoryControlStore } from './memory-control-store.ts'

async function bench(): Promise<Control> {
  const clock = { wallMs: () => 1_790_000_000_000, monotonicMs: () => 0 }
  const store = openMemoryControlStore()
  return await openControl({ store, clock, pepper: new Uint8Array(32), publish: async () => true })
}

const failsWith =
  (code: string, words: RegExp) =>
  (error: Error): boolean =>
    hasCode(error, code) && words.test(error.message)

test('setRoles() gives a consumer these roles and no others, and tells what it had', async () => {
  const control = await bench()
  await control.by('socket').createConsumer({ name: 'acme', roles: ['reader'] })
  const changed = await control.by('admin:ana').setRoles('acme', ['writer', 'auditor', 'writer'])
  assert.deepEqual(changed.roles, ['writer', 'auditor'])
  assert.deepEqual(control.listConsumers()[0]?.roles, ['writer', 'auditor'])
  const [created, told] = (await control.outbox.next(9)).map(({ event }) => event)
  assert.deepEqual(created?.details['roles'], ['reader'])
  assert.partialDeepStrictEqual(told, {
    kind: 'consumer.changed',
    actor: 'admin:ana',
    details: { name: 'acme', roles: ['writer', 'auditor'], rolesBefore: ['reader'] },
  })
  assert.deepEqual((await control.by('socket').setRoles('acme', [])).roles, [])
})

test('setRoles() refuses names that are none, and too many of them', async () => {
  const control = await bench()
  await control.by('socket').createConsumer('acme')
  for (const role of ['', 'Reader', 'a b', '9a', 'a'.repeat(65), 'a\n'])
    await assert.rejects(control.by('socket').setRoles('acme', [role]), failsWith('invalid_argument', /role/), role)
  const many = Array.from({ length: 17 }, (_, i) => `role-${i}`)
  await assert.rejects(control.by('socket').setRoles('acme', many), failsWith('invalid_argument', /17 roles/))
  await assert.rejects(control.by('socket').setRoles('nobody', ['a']), failsWith('not_found', /"nobody"/))
})

test('createKey() gives roles to the consumer that it makes, and changes those of no other', async () => {
  const control = await bench()
  const wish = { consumer: 'acme', scopes: [], environment: 'live', createConsumer: true } as const
  await control.by('socket').createKey({ ...wish, roles: ['reader', 'writer'] })
  assert.deepEqual(control.listConsumers()[0]?.roles, ['reader', 'writer'])
  await control.by('socket').createKey({ ...wish, roles: ['reader'] })
  await assert.rejects(
    control.by('socket').createKey({ ...wish, roles: ['admin'] }),
    failsWith('conflict', /without the role admin.*consumers roles acme reader,writer,admin/),
  )
  assert.equal(control.listKeys().length, 2)
})

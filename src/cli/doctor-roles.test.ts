import assert from 'node:assert/strict'
import test from 'node:test'
import { roles } from './doctor-roles.ts'

const answering = (answers: Readonly<Record<string, unknown>>): Parameters<typeof roles>[0] => ({
  get: async (path) => answers[path] ?? assert.fail(path),
})
const consumer = (name: string, held: readonly string[]) => ({ name, state: 'active', roles: held })

test('roles() names roles of consumers that the configuration does not know', async () => {
  const unknown = [{ role: 'raeder', consumers: ['acme', 'globex'] }]
  const [check] = await roles(answering({ '/v1/roles': { configured: true, items: [{}], unknown } }))
  assert.equal(check?.state, 'advice')
  assert.match(check.found, /^raeder \(acme, globex\): not in the configuration/)
  const [other] = await roles(answering({ '/v1/roles': { configured: false, items: [], unknown } }))
  assert.match(other?.found ?? '', /without effect/)
})

test('roles() names consumers to whom everything is refused', async () => {
  const given = { configured: true, items: [{}], unknown: [] }
  const some = [consumer('acme', ['reader']), consumer('globex', [])]
  const [check] = await roles(answering({ '/v1/roles': given, '/v1/consumers': { items: some } }))
  assert.match(check?.found ?? '', /^globex: without a role/)
  assert.equal(check?.fix, 'gatehouse consumers roles globex <role>')
  const [fine] = await roles(answering({ '/v1/roles': given, '/v1/consumers': { items: some.slice(0, 1) } }))
  assert.equal(fine?.state, 'ok')
})

test('roles() has nothing to say where there are none', async () => {
  assert.deepEqual(await roles(answering({ '/v1/roles': { configured: false, items: [], unknown: [] } })), [])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { hasCode } from '../core/mod.ts'
import { openPasswords } from './password.ts'

test('verify() accepts the password that was hashed, however it was typed, and nothing else', async () => {
  const passwords = openPasswords()
  const kept = await passwords.hash('Å correct horse')
  assert.match(kept, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.equal(await passwords.verify('A\u030a correct horse', kept), true)
  assert.equal(await passwords.verify('Å correct horsf', kept), false)
  assert.notEqual(await passwords.hash('Å correct horse'), kept)
})

test('verify() says no without a hash, in about the time that it takes with one', async () => {
  const passwords = openPasswords()
  const kept = await passwords.hash('correct horse battery')
  const timeOf = async (hash: string | null): Promise<number> => {
    const times: number[] = []
    for (let i = 0; i < 5; i++) {
      const start = performance.now()
      assert.equal(await passwords.verify('something else', hash), false)
      times.push(performance.now() - start)
    }
    return Math.min(...times)
  }
  const [without, withOne] = [await timeOf(null), await timeOf(kept)]
  assert.ok(without > withOne / 3 && without < withOne * 3, `${without} ms and ${withOne} ms`)
})

test('verify() refuses at once when too many wait', async () => {
  const passwords = openPasswords()
  const asked = await Promise.allSettled(Array.from({ length: 20 }, () => passwords.verify('something', null)))
  const refused = asked.filter((one) => one.status === 'rejected')
  assert.equal(refused.length, 2)
  for (const one of refused) assert.ok(hasCode(one.reason, 'unreachable'))
})

test('verify() throws for a hash that it does not know', async () => {
  await assert.rejects(openPasswords().verify('something', '$2b$10$abc'), { code: 'store_unreadable' })
})

/** Keys, scopes, limits and configuration as their operator uses them, on three gateway threads. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { startProgram, waitFor } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'

const configOf = (upstream: string): string => `
version: 1
mode: enforce
listen: 127.0.0.1:PORT
threads: 3
admin: { listen: 127.0.0.1:ADMIN }
apis:
  things:
    upstream: ${upstream}
    routes:
      - { path: '/v1/{kind}', methods: [GET, POST], scopes: [things:read] }
      - path: /v1/ok/limited
        methods: [GET]
        scopes: [things:read]
        limits: [{ name: tight, per: consumer, allow: 20/m }]
`

/** Each on a connection of its own, so that the kernel spreads them over the threads. */
async function statuses(url: string, key: string, count: number): Promise<number[]> {
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const answer = await fetch(url, { headers: { authorization: `Bearer ${key}`, connection: 'close' } })
      await answer.arrayBuffer()
      return answer.status
    }),
  )
}

const countOf = (values: readonly number[], wanted: number): number => values.filter((value) => value === wanted).length

test('keys, scopes, limits, revocation and reload hold on all threads at once', { timeout: 120_000 }, async (t) => {
  await using upstream = await startUpstream()
  await using program = await startProgram({ config: configOf(upstream.url) })
  const create = async (scopes: string): Promise<string> =>
    (await program.verb('keys', 'create', '--consumer', 'acme', '--scopes', scopes)).out.trim()
  const key = await create('things:read')

  await t.test('a key with the scope is let through, one without is not', async () => {
    assert.deepEqual(await statuses(`${program.url}/v1/ok`, key, 12), Array(12).fill(200))
    assert.deepEqual(await statuses(`${program.url}/v1/ok`, await create('other:read'), 6), Array(6).fill(403))
  })

  await t.test('a limit is exact over all threads, and what is refused says when to come again', async () => {
    const seen = await statuses(`${program.url}/v1/ok/limited`, key, 60)
    assert.equal(countOf(seen, 200), 20)
    assert.equal(countOf(seen, 429), 40)
    const refused = await fetch(`${program.url}/v1/ok/limited`, { headers: { 'x-api-key': key } })
    assert.equal(refused.status, 429)
    assert.match(refused.headers.get('ratelimit-policy') ?? '', /"tight";q=20;w=60/)
    assert.match(refused.headers.get('ratelimit') ?? '', /"tight";r=0;t=\d+/)
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
  })

  await t.test('a revoked key is refused by every thread as soon as the verb has ended', async () => {
    const doomed = await create('things:read')
    assert.deepEqual(await statuses(`${program.url}/v1/ok`, doomed, 6), Array(6).fill(200))
    const id = /^gthk_live_([0-9A-Za-z]{12})/.exec(doomed)?.[1] ?? ''
    const revoked = await program.verb('keys', 'revoke', id)
    assert.equal(revoked.code, 0, revoked.err)
    assert.deepEqual(await statuses(`${program.url}/v1/ok`, doomed, 30), Array(30).fill(401))
  })

  await t.test('a bad file never replaces good rules, and a good one does on save', async () => {
    const path = join(program.dir, 'gatehouse.yaml')
    const good = readFileSync(path, 'utf8')
    writeFileSync(path, good.replace('mode: enforce', 'mode: enfroce'))
    await waitFor(
      () => program.output().includes('did you mean "enforce"'),
      10_000,
      () => `no error was shown:\n${program.output()}`,
    )
    assert.deepEqual(await statuses(`${program.url}/v1/ok`, key, 6), Array(6).fill(200))
    writeFileSync(path, good.replaceAll('things:read', 'things:write'))
    await waitFor(
      async () => countOf(await statuses(`${program.url}/v1/ok`, key, 6), 403) === 6,
      10_000,
      () => `the new rules were not taken:\n${program.output()}`,
    )
  })

  await t.test('both processes end in order when told to', async () => {
    assert.equal(await program.stop(), 0)
  })
})

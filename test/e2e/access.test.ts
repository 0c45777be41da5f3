/** Who may call what: networks, roles, and what is granted against what is used, on three gateway threads at once. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { type Program, startProgram, waitFor } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'

const threads = 3

const configOf = (upstream: string): string => `
version: 1
listen: 127.0.0.1:PORT
admin: { listen: 127.0.0.1:ADMIN }
threads: ${threads}
trustedHops: [127.0.0.1/32]
roles:
  reader: { allow: [GET /v1/orders/**] }
  writer: { allow: ['GET,POST /v1/orders/**'] }
apis:
  things:
    upstream: ${upstream}
    routes:
      - { path: '/v1/orders/{id}', methods: [GET], scopes: [orders:read] }
      - { path: '/v1/orders/{id}', methods: [POST], scopes: [orders:write] }
      - { path: '/v1/users/{id}', methods: [GET] }
`

interface Call {
  readonly method?: string
  readonly path: string
  readonly key?: string
  readonly from?: string
}

async function call({ url }: Program, { method = 'GET', path, key, from }: Call): Promise<number> {
  const headers = {
    connection: 'close', // so that the threads take turns
    ...(key === undefined ? {} : { 'x-api-key': key }),
    ...(from === undefined ? {} : { 'x-forwarded-for': from }),
  }
  const answer = await fetch(`${url}${path}`, { method, headers })
  await answer.arrayBuffer()
  return answer.status
}

/** Of a key. */
function idOf(key: string): string {
  return /^gthk_live_([0-9A-Za-z]{12})/.exec(key)?.[1] ?? ''
}

/** The different answers to so many calls that every thread has had some. */
async function answers(program: Program, wish: Call): Promise<readonly number[]> {
  const statuses = await Promise.all(Array.from({ length: 12 * threads }, () => call(program, wish)))
  return [...new Set(statuses)]
}

test('networks and roles hold on all threads when their command returns', { timeout: 120_000 }, async (t) => {
  await using upstream = await startUpstream()
  await using program = await startProgram({ config: configOf(upstream.url) })
  const made = await program.verb('keys', 'create', '--consumer', 'acme', '--scopes', 'orders:read,orders:write')
  assert.equal(made.code, 0, made.err)
  const key = made.out.trim()
  const order = { path: '/v1/orders/ok', key }

  await t.test('a caller without a role may call nothing, whatever the scopes of its key', async () => {
    assert.deepEqual(await answers(program, order), [403])
  })

  await t.test('a role permits what it names, and nothing else', async () => {
    assert.equal((await program.verb('consumers', 'roles', 'acme', 'reader')).code, 0)
    assert.deepEqual(await answers(program, order), [200])
    assert.deepEqual(await answers(program, { ...order, method: 'POST' }), [403])
    assert.deepEqual(await answers(program, { path: '/v1/users/ok', key }), [403])
    assert.equal((await program.verb('consumers', 'roles', 'acme', 'writer')).code, 0)
    assert.deepEqual(await answers(program, { ...order, method: 'POST' }), [200])
  })

  await t.test(
    'a block refuses its network before anybody is asked, an exception within it is let through',
    async () => {
      const block = await program.verb('block', '203.0.113.0/28', '--reason', 'a test')
      assert.equal(block.code, 0, block.err)
      assert.deepEqual(await answers(program, { ...order, from: '203.0.113.9' }), [403])
      assert.deepEqual(await answers(program, { path: '/nowhere', from: '203.0.113.9' }), [403])
      assert.deepEqual(await answers(program, { ...order, from: '203.0.113.16' }), [200])
      assert.equal((await program.verb('allow', '203.0.113.9')).code, 0)
      assert.deepEqual(await answers(program, { ...order, from: '203.0.113.9' }), [200])
      assert.match(
        (await program.verb('networks', 'ls')).out,
        /block +203\.0\.113\.0\/28.*\n.*allow +203\.0\.113\.9\/32/,
      )
      assert.equal((await program.verb('unblock', '203.0.113.0/28')).code, 0)
      assert.deepEqual(await answers(program, { ...order, from: '203.0.113.8' }), [200])
      assert.equal((await program.verb('unblock', '203.0.113.0/28')).code, 1)
      assert.match((await program.verb('block', '127.0.0.0/8')).err, /loopback/)
    },
  )

  await t.test('a rotated key works on until its overlap is over, and says so', async () => {
    const create = await program.verb(
      'keys',
      'create',
      '--consumer',
      'globex',
      '--roles',
      'reader',
      '--scopes',
      'orders:read',
    )
    assert.equal(create.code, 0, create.err)
    const [old, id] = [create.out.trim(), idOf(create.out)]
    const rotated = await program.verb('keys', 'rotate', id, '--overlap', '1h')
    assert.equal(rotated.code, 0, rotated.err)
    const fresh = rotated.out.trim()
    for (const one of [old, fresh]) assert.deepEqual(await answers(program, { ...order, key: one }), [200])
    const { headers } = await fetch(`${program.url}/v1/orders/ok`, { headers: { 'x-api-key': old } })
    assert.match(headers.get('deprecation') ?? '', /^@\d{10}$/)
    const endsInMs = Date.parse(headers.get('sunset') ?? '') - Date.now()
    assert.ok(endsInMs > 3_500_000 && endsInMs < 3_601_000, `${endsInMs} ms`)
    const refused = await fetch(`${program.url}/v1/users/ok`, { headers: { 'x-api-key': old } })
    assert.equal(refused.status, 403)
    assert.ok(refused.headers.has('sunset'))
    const other = await fetch(`${program.url}/v1/orders/ok`, { headers: { 'x-api-key': fresh } })
    assert.ok(!other.headers.has('deprecation') && !other.headers.has('sunset'))

    await waitFor(
      async () =>
        new RegExp(`${id} +globex .*ends in 60 min .* ${idOf(fresh)}, last used`).test(
          (await program.verb('keys', 'expiring')).out,
        ),
      15_000,
      () => program.output(),
    )
    assert.equal((await program.verb('keys', 'revoke', id)).code, 0)
    const leaked = await program.verb('keys', 'rotate', idOf(fresh), '--overlap', '0s')
    assert.equal(leaked.code, 0, leaked.err)
    for (const one of [old, fresh]) assert.deepEqual(await answers(program, { ...order, key: one }), [401])
    assert.deepEqual(await answers(program, { ...order, key: leaked.out.trim() }), [200])
  })

  await t.test('what is granted is held against what was used', async () => {
    const extra = await program.verb('keys', 'create', '--consumer', 'acme', '--scopes', 'users:admin')
    assert.equal(extra.code, 0)
    const compare = async (): Promise<Record<string, { grant: string; used: number }[]>> =>
      JSON.parse((await program.verb('consumers', 'least-privilege', 'acme', '--json')).out) as Record<
        string,
        { grant: string; used: number }[]
      >
    await waitFor(
      async () => ((await compare())['scopes']?.find(({ grant }) => grant === 'orders:write')?.used ?? 0) > 0,
      15_000,
      () => program.output(),
    )
    const { scopes = [], permissions = [] } = await compare()
    const unused = [...scopes, ...permissions].filter(({ used }) => used === 0).map(({ grant }) => grant)
    assert.deepEqual(unused, ['users:admin'])
    assert.equal((await program.verb('consumers', 'least-privilege', 'acme')).code, 1)
  })
})

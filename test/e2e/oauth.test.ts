/** Access tokens of a live authorization server, its rotation and its outage; on two gateway threads. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { ShownEvent } from '../../src/cli/answers.ts'
import { type AuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts'
import { type Program, startProgram, waitFor } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'

const configOf = (upstream: string, issuer: string): string => `
version: 1
listen: 127.0.0.1:PORT
threads: 2
admin: { listen: 127.0.0.1:ADMIN }
oauth: { issuer: '${issuer}', audience: orders-api }
apis:
  things:
    upstream: ${upstream}
    auth: [oauth, api-key]
    routes:
      - { path: '/v1/{kind}', methods: [GET], scopes: [orders:read] }
      - { path: '/v1/{kind}', methods: [POST], scopes: [orders:write] }
`

async function ask(url: string, token: string, method = 'GET'): Promise<Response> {
  const answer = await fetch(url, { method, headers: { authorization: `Bearer ${token}`, connection: 'close' } })
  await answer.arrayBuffer()
  return answer
}

async function statuses(url: string, token: string, count: number): Promise<number[]> {
  return await Promise.all(Array.from({ length: count }, async () => (await ask(url, token)).status))
}

/** A token whose header names another key. */
function withKid(token: string, kid: string): string {
  const [header = '', ...rest] = token.split('.')
  const members = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>
  return [Buffer.from(JSON.stringify({ ...members, kid })).toString('base64url'), ...rest].join('.')
}

/** A request that was answered with 200, as the desk knows it. */
async function servedOf({ client }: Program): Promise<ShownEvent['event'] | undefined> {
  const { items } = (await client.get('/v1/events')) as { items: ShownEvent[] }
  return items.map((item) => item.event).find(({ status }) => status === 200)
}

const keysAsked = ({ asked }: AuthorizationServer): number => asked.get('/jwks') ?? 0

test('access tokens of a live authorization server', { timeout: 120_000 }, async (t) => {
  await using issuer = await startAuthorizationServer()
  await using upstream = await startUpstream()
  const config = configOf(upstream.url, issuer.issuer)
  await using program = await startProgram({ config })
  const url = `${program.url}/v1/ok`

  await t.test('a token is let through by its scopes, and the record says whose it was', async () => {
    const token = await issuer.token()
    assert.deepEqual(await statuses(url, token, 8), Array(8).fill(200))
    const lacking = await ask(url, token, 'POST')
    assert.equal(lacking.status, 403)
    assert.match(lacking.headers.get('www-authenticate') ?? '', /error="insufficient_scope", scope="orders:write"/)
    // The desk hears of it a moment later.
    await waitFor(
      async () => (await servedOf(program)) !== undefined,
      5_000,
      () => 'the desk never heard of it',
    )
    const event = await servedOf(program)
    assert.deepEqual(
      [event?.consumerId, event?.consumer, event?.identifiedBy, event?.scopesHeld],
      ['oauth:default:shop', 'default:shop', 'oauth', ['orders:read']],
    )
    assert.match(event?.credentialId ?? '', /^jwt:key-1:[0-9a-f]{12}$/)
  })

  await t.test('a registered consumer of that name is the caller, and no one when it is disabled', async () => {
    await program.verb('consumers', 'create', 'shop')
    const token = await issuer.token()
    assert.equal((await ask(url, token)).status, 200)
    await program.verb('consumers', 'disable', 'shop')
    assert.deepEqual(await statuses(url, token, 4), Array(4).fill(401))
    await program.verb('consumers', 'enable', 'shop')
    assert.deepEqual(await statuses(url, token, 4), Array(4).fill(200))
  })

  await t.test('a wrong token gets one answer, and a flood of unknown keys asks nobody anything', async () => {
    const token = await issuer.token()
    const refused = await ask(url, `${token.slice(0, -6)}AAAAAA`)
    assert.equal(refused.status, 401)
    assert.equal(
      refused.headers.get('www-authenticate'),
      'Bearer realm="api", error="invalid_token", error_description="The access token is invalid"',
    )
    await ask(url, withKid(token, 'nobody-0'))
    const before = keysAsked(issuer)
    const flood = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(url, withKid(token, `nobody-${i}`))))
    assert.deepEqual(new Set(flood.map(({ status }) => status)), new Set([401]))
    assert.ok(keysAsked(issuer) - before <= 1)
  })

  await t.test('no token lies on disk, and the keys of the issuer lie sealed', async () => {
    const token = await issuer.token()
    await ask(`${program.url}/v1/ok?token=${token}`, token)
    const parts = token.split('.')
    const files = readdirSync(program.dataDir, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
    assert.ok(files.length > 5)
    for (const { parentPath, name } of files) {
      const kept = readFileSync(join(parentPath, name))
      assert.ok(
        parts.every((part) => !kept.includes(part)),
        name,
      )
    }
    const keys = join(program.dataDir, 'issuer-keys')
    assert.equal(statSync(keys).mode & 0o777, 0o600)
    assert.equal(readFileSync(keys).includes('key-1'), false)
  })

  await t.test(
    'while the server is down its tokens are good; a key that nobody can ask for is no fault of a token',
    async () => {
      const token = await issuer.token()
      await issuer.rotate()
      const next = await issuer.token()
      await issuer.stop()
      assert.deepEqual(await statuses(url, token, 4), Array(4).fill(200))
      // Within the cooldown of the flood above it is simply unknown; a gate that is started now knows the old key, and asks for the new one.
      await program.stop()
      await using again = await startProgram({ config, dir: program.dir })
      assert.equal((await ask(`${again.url}/v1/ok`, token)).status, 200)
      const unavailable = await ask(`${again.url}/v1/ok`, next)
      assert.equal(unavailable.status, 503)
      assert.ok(Number(unavailable.headers.get('retry-after')) > 0)
      await issuer.start()
      const sinceMs = performance.now()
      let status = 503
      while (status === 503 && performance.now() - sinceMs < 15_000) {
        await new Promise((resolve) => setTimeout(resolve, 200))
        status = (await ask(`${again.url}/v1/ok`, next)).status
      }
      assert.equal(status, 200)
      assert.deepEqual(await statuses(`${again.url}/v1/ok`, next, 6), Array(6).fill(200))
      // The key that was withdrawn counts no more.
      assert.equal((await ask(`${again.url}/v1/ok`, token)).status, 401)
    },
  )
})

/** Everything at rest is covered by encryption: words of persons are sent through the whole program and looked for on its disk. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { filesOf, findCanaries, formsOf } from '../support/canaries.ts'
import { type Program, startProgram, waitFor } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'

const words = {
  consumer: 'canary-consumer-7q4x',
  scope: 'canary:scope-2b9k',
  clientFour: '203.0.113.177',
  clientSix: '2001:db8:ca7a:7e57::77',
  userAgent: 'CanaryAgent/8.31-qz',
  pathId: 'canary-path-5t8w',
  query: 'canary-query-9m3v',
  host: 'canary-host-1c6d.example.com',
  guessedKey: 'gthk_live_canarycanary9999guess',
  admin: 'canary.admin-4h2j',
  auditor: 'canary.auditor-6k8s',
  password: 'canary password 0p5e',
  wrongPassword: 'canary mistake 3f7r',
  unknownAdmin: 'canary.nobody-2n6y',
  blockReason: 'canary reason 1u9w',
  incidentNote: 'canary note 5z2e',
  itemNote: 'canary finding 8l4o',
  signer: 'canary signer 7i0p',
} as const

const config = (upstream: string): string => `version: 1
listen: 127.0.0.1:PORT
admin: { listen: 127.0.0.1:ADMIN }
trustedHops: [127.0.0.1/32]
apis:
  orders:
    upstream: ${upstream}
    limits: [{ name: per-consumer, per: consumer, allow: 3/m }, { name: per-ip, per: ip, allow: 600/m }]
    routes:
      - { path: '/v1/orders/{id}', scopes: ['${words.scope}'] }
      - { path: /v1/open, auth: none }
`

test('words of persons stand in no file of the data folder, in no form', { timeout: 120_000 }, async () => {
  await using upstream = await startUpstream()
  const program = await startProgram({ config: config(upstream.url) })
  const copy = mkdtempSync(join(tmpdir(), 'gatehouse-canaries-'))
  try {
    const secrets = { ...words, adminToken: program.adminToken, ...(await useAll(program)) }
    await everythingFollowed(program)
    cpSync(program.dataDir, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })
    assert.deepEqual(findCanaries(copy, secrets), [], 'while it runs')
    assert.equal(await program.stop(), 0)
    assert.deepEqual(findCanaries(program.dataDir, secrets), [], 'after its end')
    const names = filesOf(program.dataDir).map((path) => path.slice(program.dataDir.length))
    for (const part of [/^\/control\.db$/, /^\/query-index\/.*seg$/, /^\/ledger\/access\/wal\//, /^\/snapshot$/])
      assert.ok(
        names.some((name) => part.test(name)),
        `${part} is not in ${names.join(' ')}`,
      )
  } finally {
    rmSync(copy, { recursive: true, force: true })
    await program[Symbol.asyncDispose]()
  }
})

/** Requests of all outcomes, and every change that an administrator can make; resolves with the secrets that came up. */
async function useAll(program: Program): Promise<Record<string, string>> {
  const { client } = program
  const { key } = (await client.post('/v1/keys', {
    consumer: words.consumer,
    scopes: [words.scope],
    createConsumer: true,
  })) as { key: string }
  for (const clientIp of [words.clientFour, words.clientSix])
    for (const sent of [key, words.guessedKey, null]) await callGateway(program, { key: sent, clientIp })
  // Beyond the limit.
  for (let i = 0; i < 3; i++) await callGateway(program, { key, clientIp: words.clientFour })
  const owner = await signUp(program, words.admin, 'owner')
  const auditor = await signUp(program, words.auditor, 'auditor')
  for (const name of [words.admin, words.unknownAdmin])
    await callConsole(program, 'POST', '/v1/session', { body: { name, password: words.wrongPassword } })
  const { key: successor } = (await client.post(`/v1/keys/${await keyId(program)}/rotate`, {})) as { key: string }
  await callGateway(program, { key: successor, clientIp: words.clientSix })
  await noteIncident(program)
  await client.post('/v1/networks', { network: `${words.clientFour}/32`, verdict: 'block', reason: words.blockReason })
  await callGateway(program, { key, clientIp: words.clientFour })
  await client.get(`/v1/query?q=${encodeURIComponent(`consumer:${words.consumer} ip:${words.clientFour}`)}`)
  await signReview(program)
  await callConsole(program, 'PATCH', `/v1/consumers/${words.consumer}`, { cookie: owner, body: { state: 'disabled' } })
  await callConsole(program, 'DELETE', '/v1/session', { cookie: auditor })
  return { key, successor, owner: owner.slice('gths='.length), auditorSession: auditor.slice('gths='.length) }
}

async function keyId({ client }: Program): Promise<string> {
  const { items } = (await client.get('/v1/keys')) as { items: { id: string }[] }
  return items[0]?.id ?? assert.fail('there is no key')
}

/** Guesses keys until somebody is told, and answers with a note. */
async function noteIncident(program: Program): Promise<void> {
  const { client } = program
  for (let i = 0; i < 25; i++) await callGateway(program, { key: words.guessedKey, clientIp: words.clientSix })
  let id = ''
  await waitFor(
    async () => {
      const { items } = (await client.get('/v1/incidents')) as { items: { id: string }[] }
      id = items[0]?.id ?? ''
      return id !== ''
    },
    20_000,
    () => 'no incident',
  )
  await client.post(`/v1/incidents/${id}/ack`, { note: words.incidentNote })
}

interface Review {
  readonly id: string
  readonly state: string
  readonly items: { readonly list: readonly { readonly id: string }[] }
}

/** Runs a review over today, decides every item with a note, and signs. */
async function signReview({ client }: Program): Promise<void> {
  const { id } = (await client.post('/v1/reviews', { plan: 'daily', period: 'today' })) as Review
  const look = async (): Promise<Review> => (await client.get(`/v1/reviews/${encodeURIComponent(id)}`)) as Review
  await waitFor(
    async () => (await look()).state !== 'collecting',
    30_000,
    () => 'the review is not collected',
  )
  const { items } = await look()
  assert.ok(items.list.length > 0)
  const decision = { disposition: 'benign-explained', note: words.itemNote }
  for (const item of items.list)
    await client.post(`/v1/reviews/${encodeURIComponent(id)}/items/${encodeURIComponent(item.id)}`, decision)
  await client.post(`/v1/reviews/${encodeURIComponent(id)}/sign`, { name: words.signer, note: words.itemNote })
}

interface Called {
  readonly key: string | null
  readonly clientIp: string
}

async function callGateway(program: Program, { key, clientIp }: Called): Promise<void> {
  const headers: Record<string, string> = { 'user-agent': words.userAgent, 'x-forwarded-for': clientIp }
  if (key !== null) headers['authorization'] = `Bearer ${key}`
  const answer = await fetch(`${program.url}/v1/orders/${words.pathId}?q=${words.query}`, { headers })
  await answer.arrayBuffer()
  await fetch(`${program.url}/v1/open?q=${words.query}`, { headers }).then((open) => open.arrayBuffer())
}

async function signUp(program: Program, name: string, role: string): Promise<string> {
  const { url } = (await program.client.post('/v1/admins/invitations', { role })) as { url: string }
  const body = { token: url.split('#')[1], name, password: words.password }
  const answer = await callConsole(program, 'POST', '/v1/setup', { body })
  assert.equal(answer.status, 204, await answer.text())
  return answer.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''
}

async function callConsole(
  { adminUrl }: Program,
  method: string,
  path: string,
  { cookie, body }: { readonly cookie?: string; readonly body?: object },
): Promise<Response> {
  return await fetch(`${adminUrl}${path}`, {
    method,
    headers: {
      origin: adminUrl,
      'content-type': 'application/json',
      'x-gatehouse-console': '1',
      'user-agent': words.userAgent,
      ...(cookie === undefined ? {} : { cookie }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

/** Every follower has every record, and the audit log every change. */
async function everythingFollowed({ client }: Program): Promise<void> {
  const behind = async (): Promise<readonly string[]> =>
    [...(await client.text('/metrics')).matchAll(/^gatehouse_follower_lag\w*\{follower="([^"]+)"\} (\d+)$/gm)]
      .filter(([, , lag]) => lag !== '0')
      .map(([, name = '']) => name)
  let waiting: readonly string[] = []
  await waitFor(
    async () => {
      const { items } = (await client.get('/v1/audit?limit=1000')) as { items: { event: { kind: string } }[] }
      waiting = await behind()
      return waiting.length === 0 && items.some(({ event }) => event.kind === 'admin.signed_out')
    },
    20_000,
    () => `Followers that are behind: ${waiting.join(', ')}`,
  )
}

test('findCanaries() finds a word in every form that it looks for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-canaries-'))
  try {
    mkdirSync(join(folder, 'below'))
    const word = 'canary word/7?'
    for (const [form, bytes] of formsOf(word)) {
      writeFileSync(join(folder, 'below', form), Buffer.concat([Buffer.from('\0\xffx'), bytes, Buffer.from('y\0')]))
      assert.ok(
        findCanaries(folder, { word }).some((found) => found.form === form && found.file === join('below', form)),
        form,
      )
    }
    for (const before of ['', 'a', 'ab', 'abc'])
      writeFileSync(join(folder, `in-${before.length}`), Buffer.from(`${before}${word} and more`).toString('base64'))
    const files = new Set(findCanaries(folder, { word }).map(({ file }) => file))
    for (let i = 0; i < 4; i++) assert.ok(files.has(`in-${i}`), `base64 behind ${i} bytes`)
    assert.deepEqual(findCanaries(folder, { another: 'no such word' }), [])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

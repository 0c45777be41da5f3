import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { openBench, type Bench } from './test/bench.ts'
import { type Answer, type Call, messagesOf } from './test/client.ts'

const password = 'a bag of apples'

/** What the console's own scripts send along. */
function ownHeaders(bench: Bench): Record<string, string> {
  return { authorization: '', 'x-gatehouse-console': '1', 'sec-fetch-site': 'same-origin', origin: bench.admin.url }
}

function fromConsole(bench: Bench, cookie: string | null, more: Call = {}): Call {
  const headers = { ...ownHeaders(bench), 'content-type': 'application/json', ...(cookie === null ? {} : { cookie }) }
  return { ...more, headers: { ...headers, ...more.headers } }
}

function cookieOf({ headers }: Answer): string {
  const [cookie = ''] = headers['set-cookie'] ?? []
  assert.match(cookie, /^gths=gths_[0-9A-Za-z]{49}; HttpOnly; SameSite=Strict; Path=\/$/)
  return cookie.split(';', 1)[0] ?? ''
}

/** Signs somebody in who did not exist before; resolves with the cookie. */
async function enter(bench: Bench, name = 'anna', role: 'owner' | 'auditor' = 'owner'): Promise<string> {
  const invited = await bench.call('POST', '/v1/admins/invitations', { door: 'socket', body: { role } })
  const { url } = invited.body as { url: string }
  assert.ok(url.startsWith(`${bench.admin.url}/setup#gthi_`), url)
  const body = { token: url.split('#')[1], name, password }
  const answer = await bench.call('POST', '/v1/setup', fromConsole(bench, null, { body }))
  assert.equal(answer.status, 204, answer.text)
  return cookieOf(answer)
}

test('a set-up link makes a person, who signs out and in again', async () => {
  await using bench = await openBench()
  const cookie = await enter(bench)
  const shown = await bench.call('GET', '/v1/session', fromConsole(bench, cookie))
  assert.partialDeepStrictEqual(shown.body, { name: 'anna', role: 'owner', idleMs: 900_000 })
  const out = await bench.call('DELETE', '/v1/session', fromConsole(bench, cookie))
  assert.equal(out.status, 204)
  assert.match(out.headers['set-cookie']?.[0] ?? '', /^gths=; .*Max-Age=0$/)
  assert.equal((await bench.call('GET', '/v1/session', fromConsole(bench, cookie))).status, 401)

  const body = { name: 'Anna', password }
  const again = await bench.call('POST', '/v1/session', fromConsole(bench, null, { body }))
  assert.equal(again.status, 204)
  const fresh = cookieOf(again)
  assert.notEqual(fresh, cookie)
  assert.equal((await bench.call('GET', '/v1/status', fromConsole(bench, fresh))).status, 200)
})

test('signing in ends the session in whose place the new one comes', async () => {
  await using bench = await openBench()
  const cookie = await enter(bench)
  const answer = await bench.call(
    'POST',
    '/v1/session',
    fromConsole(bench, cookie, { body: { name: 'anna', password } }),
  )
  const fresh = cookieOf(answer)
  assert.equal((await bench.call('GET', '/v1/session', fromConsole(bench, cookie))).status, 401)
  assert.equal((await bench.call('GET', '/v1/session', fromConsole(bench, fresh))).status, 200)
})

test('a set-up link is of no use a second time, nor one that nobody made', async () => {
  await using bench = await openBench()
  const { url } = (await bench.call('POST', '/v1/admins/invitations', { body: {} })).body as { url: string }
  const wish = (token: string, name: string): Call => fromConsole(bench, null, { body: { token, name, password } })
  const [, token = ''] = url.split('#')
  assert.equal((await bench.call('POST', '/v1/setup', wish(token, 'a b'))).status, 422)
  assert.equal((await bench.call('POST', '/v1/setup', wish(token, 'anna'))).status, 204)
  for (const one of [token, 'gthi_nothing', '']) {
    const answer = await bench.call('POST', '/v1/setup', wish(one, 'berta'))
    assert.equal(answer.status, 401, answer.text)
    assert.equal(answer.headers['set-cookie'], undefined)
  }
})

test('wrong passwords are answered alike, and from the fourth on with the time to wait', async () => {
  await using bench = await openBench()
  await enter(bench)
  const tried = async (name: string): Promise<Answer> =>
    await bench.call('POST', '/v1/session', fromConsole(bench, null, { body: { name, password: 'not this one' } }))
  const [known, unknown, third, fourth] = [
    await tried('anna'),
    await tried('nobody'),
    await tried('anna'),
    await tried('anna'),
  ]
  assert.deepEqual([known.status, unknown.status, third.status], [401, 401, 401])
  assert.equal(known.text, unknown.text)
  assert.equal(fourth.status, 429)
  assert.equal((fourth.body as { code: string }).code, 'too_many_attempts')
  assert.equal(fourth.headers['retry-after'], '1')
})

test('what a session changes is told to the audit log in the name of the person', async () => {
  await using bench = await openBench()
  const cookie = await enter(bench)
  const answer = await bench.call('POST', '/v1/consumers', fromConsole(bench, cookie, { body: { name: 'acme' } }))
  assert.equal(answer.status, 201)
  const told = await bench.control.outbox.next(100)
  assert.deepEqual([told.at(-1)?.event.kind, told.at(-1)?.event.actor], ['consumer.created', 'admin:anna'])
})

test('an auditor reads everything and changes nothing but the own session', async () => {
  await using bench = await openBench()
  await enter(bench)
  const cookie = await enter(bench, 'otto', 'auditor')
  for (const path of ['/v1/status', '/v1/events', '/v1/audit', '/v1/admins', '/openapi.json'])
    assert.equal((await bench.call('GET', path, fromConsole(bench, cookie))).status, 200, path)
  for (const [method, path] of [
    ['POST', '/v1/consumers'],
    ['PATCH', '/v1/consumers/acme'],
    ['POST', '/v1/reload'],
    ['POST', '/v1/admins/invitations'],
    ['DELETE', '/v1/admins/anna'],
    ['PUT', '/v1/nothing'],
  ] as const) {
    const answer = await bench.call(method, path, fromConsole(bench, cookie, { body: { name: 'acme' } }))
    assert.equal(answer.status, 403, `${method} ${path}`)
    assert.equal((answer.body as { code: string }).code, 'not_allowed')
  }
  const sessions = await bench.call('GET', '/v1/sessions', fromConsole(bench, cookie))
  assert.partialDeepStrictEqual(sessions.body, { items: [{ name: 'otto', current: true }] })
  assert.equal((sessions.body as { items: unknown[] }).items.length, 1)
  assert.equal((await bench.call('DELETE', '/v1/session', fromConsole(bench, cookie))).status, 204)
})

test('nothing is changed for a page of another site, whoever is signed in', async () => {
  await using bench = await openBench()
  const cookie = await enter(bench)
  const wrong: readonly Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': '', origin: 'http://127.0.0.1:3000' },
    { 'sec-fetch-site': '', origin: '' },
    { 'x-gatehouse-console': '' },
    { 'content-type': 'text/plain' },
    { 'content-type': '' },
  ]
  for (const headers of wrong) {
    const call = fromConsole(bench, cookie, { body: JSON.stringify({ name: 'acme' }), headers })
    const answer = await bench.call('POST', '/v1/consumers', call)
    assert.ok(answer.status === 401 || answer.status === 403, `${JSON.stringify(headers)}: ${answer.status}`)
    const signingIn = fromConsole(bench, null, { body: JSON.stringify({ name: 'anna', password }), headers })
    assert.equal((await bench.call('POST', '/v1/session', signingIn)).status, 403, JSON.stringify(headers))
  }
  assert.deepEqual(bench.control.listConsumers(), [])
  const bare = fromConsole(bench, cookie, { body: { name: 'acme' }, headers: { 'sec-fetch-site': '' } })
  assert.equal((await bench.call('POST', '/v1/consumers', bare)).status, 201)
})

test('what another site makes a browser read comes without the session', async () => {
  await using bench = await openBench()
  const cookie = await enter(bench)
  for (const site of ['cross-site', 'same-site']) {
    const call = fromConsole(bench, cookie, { headers: { 'sec-fetch-site': site } })
    assert.equal((await bench.call('GET', '/v1/audit', call)).status, 401, site)
  }
})

test('a cookie that is none, or that stands there twice, lets nobody in', async () => {
  await using bench = await openBench()
  const cookie = await enter(bench)
  for (const bad of ['gths=', 'gths=gths_0', `x${cookie}`, `${cookie}; ${cookie}`, `__Host-${cookie}`])
    assert.equal((await bench.call('GET', '/v1/session', fromConsole(bench, bad))).status, 401, bad)
  const both = fromConsole(bench, cookie, { headers: { authorization: 'Bearer gtha_wrong' } })
  assert.equal((await bench.call('GET', '/v1/session', both)).status, 401)
})

test('the live stream of a session ends with it', async () => {
  await using bench = await openBench()
  const cookie = await enter(bench)
  const response = await bench.open('GET', '/v1/events/live', fromConsole(bench, cookie))
  const messages = messagesOf(response)
  assert.equal((await messages.next()).value?.event, 'hello')
  const ended = once(response, 'end')
  await bench.call('DELETE', '/v1/session', fromConsole(bench, cookie))
  for await (const _ of messages);
  await ended
})

test('what a page asks by itself keeps no session alive', async () => {
  await using bench = await openBench()
  const cookie = await enter(bench)
  const lastUsed = async (): Promise<number> => {
    const { body } = await bench.call('GET', '/v1/sessions', { door: 'socket' })
    return (body as { items: { lastUsedAtMs: number }[] }).items[0]?.lastUsedAtMs ?? 0
  }
  const before = await lastUsed()
  await bench.call('GET', '/v1/status', fromConsole(bench, cookie, { headers: { 'x-gatehouse-background': '1' } }))
  await bench.call('GET', '/v1/overview', fromConsole(bench, cookie))
  assert.equal(await lastUsed(), before)
  await bench.call('GET', '/v1/session', fromConsole(bench, cookie))
  assert.ok((await lastUsed()) > before)
})

test('sessions are listed with their places and ended one by one', async () => {
  await using bench = await openBench()
  const cookie = await enter(bench)
  const { body } = await bench.call('GET', '/v1/sessions', { door: 'socket' })
  const { items } = body as { items: { id: string; address: string; current: boolean }[] }
  assert.deepEqual([items.length, items[0]?.address, items[0]?.current], [1, '127.0.0.1', false])
  assert.doesNotMatch(JSON.stringify(body), new RegExp(cookie.slice(5)))
  const ended = await bench.call('DELETE', `/v1/sessions/${items[0]?.id}`, { door: 'socket' })
  assert.equal(ended.status, 204)
  assert.equal((await bench.call('GET', '/v1/session', fromConsole(bench, cookie))).status, 401)
})

test('administrators are reset and removed, but not the last owner', async () => {
  await using bench = await openBench()
  const cookie = await enter(bench)
  assert.equal((await bench.call('DELETE', '/v1/admins/anna')).status, 409)
  assert.equal((await bench.call('DELETE', '/v1/admins/nobody')).status, 404)
  const reset = await bench.call('POST', '/v1/admins/anna/reset', { body: {} })
  assert.equal(reset.status, 201)
  assert.equal((await bench.call('GET', '/v1/session', fromConsole(bench, cookie))).status, 401)
  const listed = await bench.call('GET', '/v1/admins')
  assert.partialDeepStrictEqual(listed.body, { items: [{ name: 'anna', hasPassword: false }] })
  assert.doesNotMatch(listed.text, /argon2/)
})

test('GET /v1/session says token or socket where nobody signed in', async () => {
  await using bench = await openBench()
  for (const [door, name] of [
    ['tcp', 'token'],
    ['socket', 'socket'],
  ] as const) {
    const { body } = await bench.call('GET', '/v1/session', { door })
    assert.deepEqual(body, { name, role: 'owner', expiresAtMs: null, idleMs: null })
  }
})

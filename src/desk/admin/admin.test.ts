import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { GatehouseError, hasCode } from '../../core/mod.ts'
import { sampleGate, openBench } from './test/bench.ts'
import type { Answer, Call } from './test/client.ts'

const id = (n: number): string => String(n).repeat(32)
const problemFields = ['code', 'detail', 'status', 'title', 'type']

/** Every refusal is a problem of RFC 9457 with the code that was wanted. */
function assertProblem(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  assert.partialDeepStrictEqual(answer.body, { status, code, type: 'about:blank' })
  assert.deepEqual(
    problemFields.filter((field) => !Object.hasOwn(answer.body as object, field)),
    [],
  )
}

type Row = readonly [method: string, path: string, call: Call, status: number, wanted: object | string]

/** A text is a problem's code, an object is a part of the answer. */
const table: readonly Row[] = [
  ['GET', '/healthz', {}, 200, { alive: true }],
  ['GET', '/readyz', {}, 200, { ready: true }],
  ['GET', '/v1/status', {}, 200, { revision: 1, gate: { node: 'node-1' } }],
  ['GET', '/v1/nothing', {}, 404, 'not_found'],
  ['DELETE', '/v1/consumers', {}, 405, 'method_not_allowed'],

  ['POST', '/v1/consumers', { body: { name: 'acme' } }, 201, { name: 'acme', state: 'active', applied: true }],
  ['POST', '/v1/consumers', { body: { name: 'acme' } }, 409, 'conflict'],
  ['POST', '/v1/consumers', { body: { name: 'Not This' } }, 422, 'invalid_argument'],
  ['POST', '/v1/consumers', { body: { name: 'b', nmae: 'c' } }, 422, 'invalid_argument'],
  ['POST', '/v1/consumers', { body: {} }, 422, 'invalid_argument'],
  ['POST', '/v1/consumers', {}, 422, 'invalid_argument'],
  ['POST', '/v1/consumers', { body: '{"name":' }, 400, 'invalid_request'],
  [
    'POST',
    '/v1/consumers',
    { body: 'name=acme', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    415,
    'unsupported_media_type',
  ],
  ['POST', '/v1/consumers', { body: { name: 'x'.repeat(66_000) } }, 413, 'body_too_large'],
  [
    'POST',
    '/v1/consumers',
    { body: '{}', headers: { 'transfer-encoding': 'chunked', 'content-length': '' } },
    411,
    'length_required',
  ],
  ['GET', '/v1/consumers', {}, 200, { items: [{ name: 'acme' }], next: null }],
  ['GET', '/v1/consumers?limit=0', {}, 400, 'invalid_request'],
  ['GET', '/v1/consumers?limti=1', {}, 400, 'invalid_request'],
  [
    'PATCH',
    '/v1/consumers/acme',
    { body: { state: 'disabled' } },
    200,
    { name: 'acme', state: 'disabled', applied: true },
  ],
  ['PATCH', '/v1/consumers/acme', { body: { state: 'asleep' } }, 422, 'invalid_argument'],
  ['PATCH', '/v1/consumers/nobody', { body: { state: 'active' } }, 404, 'not_found'],

  ['POST', '/v1/keys', { body: { consumer: 'acme' } }, 409, 'conflict'],
  ['POST', '/v1/keys', { body: { consumer: 'nobody' } }, 404, 'not_found'],
  ['POST', '/v1/keys', { body: { consumer: 'acme', scopes: ['a b'] } }, 422, 'invalid_argument'],
  ['POST', '/v1/keys', { body: { consumer: 'acme', expiresInMs: -1 } }, 422, 'invalid_argument'],
  ['POST', '/v1/keys', { body: { consumer: 'acme', environment: 'dev' } }, 422, 'invalid_argument'],
  [
    'POST',
    '/v1/keys',
    { body: { consumer: 'shop', createConsumer: true } },
    201,
    { credential: { environment: 'live', scopes: [] }, applied: true },
  ],
  ['GET', '/v1/keys', {}, 200, { items: [{ environment: 'live' }], next: null }],
  ['GET', '/v1/keys?consumer=acme', {}, 200, { items: [], next: null }],
  ['GET', '/v1/keys?consumer=nobody', {}, 404, 'not_found'],
  ['POST', '/v1/keys/nothing/revoke', { body: {} }, 404, 'not_found'],

  ['GET', '/v1/events', {}, 200, { items: [], next: null }],
  ['GET', '/v1/events?limit=1001', {}, 400, 'invalid_request'],
  ['GET', '/v1/events?limit=1&limit=2', {}, 400, 'invalid_request'],
  ['GET', '/v1/events?outcome=good', {}, 400, 'invalid_request'],
  ['GET', '/v1/events?status=4x', {}, 400, 'invalid_request'],
  ['GET', '/v1/events/live?from=-1', {}, 400, 'invalid_request'],
  ['GET', '/v1/events/0123', {}, 404, 'not_found'],
  ['POST', '/v1/reload', { body: {} }, 200, { changed: false, applied: true, warnings: '' }],
]

for (const door of ['tcp', 'socket'] as const) {
  test(`openAdmin() answers every route as the table says, by the ${door} door`, async () => {
    await using bench = await openBench()
    for (const [method, path, call, status, wanted] of table) {
      const answer = await bench.call(method, path, { ...call, door })
      if (typeof wanted === 'string') {
        assertProblem(answer, status, wanted)
        continue
      }
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`)
      assert.partialDeepStrictEqual(answer.body, wanted)
      assert.equal(answer.headers['cache-control'], 'no-store')
    }
    assert.deepEqual(bench.defects, [])
  })
}

test('openAdmin() names what is wrong in a body, all at once', async () => {
  await using bench = await openBench()
  const answer = await bench.call('POST', '/v1/keys', { body: { consumer: '', scopes: ['ok', '\n'], more: 1 } })
  const { errors } = answer.body as { errors: { at: string }[] }
  assert.deepEqual(
    errors.map(({ at }) => at).toSorted((a, b) => (a < b ? -1 : 1)),
    ['/', '/consumer', '/scopes/1'],
  )
})

test('openAdmin() shows a key once and never a hash', async () => {
  await using bench = await openBench()
  const made = await bench.call('POST', '/v1/keys', {
    body: { consumer: 'acme', createConsumer: true, environment: 'test', scopes: ['a'] },
  })
  const { key, credential } = made.body as { key: string; credential: { id: string } }
  assert.match(key, /^gthk_test_/)
  bench.link.applied = false
  const revoked = await bench.call('POST', `/v1/keys/${credential.id}/revoke`, {})
  assert.partialDeepStrictEqual(revoked.body, { credential: { id: credential.id }, applied: false })
  const listed = await bench.call('GET', '/v1/keys?consumer=acme')
  const { hmac } = bench.control.listKeys()[0] ?? { hmac: '' }
  for (const { text } of [made, revoked, listed]) assert.equal(text.includes(hmac) || text.includes('hmac'), false)
  assert.equal(revoked.text.includes(key) || listed.text.includes(key), false)
})

test('openAdmin() gives lists in pages', async () => {
  await using bench = await openBench()
  for (const name of ['c', 'a', 'b']) await bench.call('POST', '/v1/consumers', { body: { name } })
  const first = await bench.call('GET', '/v1/consumers?limit=2')
  const { next } = first.body as { next: string }
  assert.partialDeepStrictEqual(first.body, { items: [{ name: 'a' }, { name: 'b' }] })
  assert.partialDeepStrictEqual((await bench.call('GET', `/v1/consumers?limit=2&after=${next}`)).body, {
    items: [{ name: 'c' }],
    next: null,
  })
})

test('openAdmin() asks for the token over TCP, for everything but health and metrics, also for what is not there', async () => {
  await using bench = await openBench()
  const { token } = bench
  const wrong = [
    '',
    'Bearer',
    `Basic ${token}`,
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${token}x`,
    `Bearer ${token} ${token}`,
    `Bearer ${'x'.repeat(300)}`,
  ]
  for (const path of ['/v1/status', '/v1/events/live', '/openapi.json', '/v1/nothing', '/']) {
    for (const authorization of wrong) {
      const answer = await bench.call('GET', path, { headers: { authorization } })
      assertProblem(answer, 401, 'unauthorized')
      assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer realm="gatehouse"/)
    }
  }
  for (const path of ['/healthz', '/readyz', '/metrics'])
    assert.equal((await bench.call('GET', path, { headers: { authorization: '' } })).status, 200)
  assert.equal((await bench.call('GET', '/v1/status', { headers: { authorization: `bearer ${token}` } })).status, 200)
})

test('openAdmin() answers over TCP to the names of loopback alone', async () => {
  await using bench = await openBench()
  const { port } = new URL(bench.admin.url)
  for (const host of [`localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`, `127.0.0.1:${port}`]) {
    assert.equal((await bench.call('GET', '/healthz', { headers: { host } })).status, 200, host)
  }
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    'localhost',
    '127.0.0.1',
    `127.0.0.1:${Number(port) + 1}`,
    `localhost.evil.example:${port}`,
  ]) {
    assertProblem(await bench.call('GET', '/healthz', { headers: { host } }), 421, 'host_mismatch')
  }
})

test('openAdmin() is ready when a gate is connected, serves and writes, and says why when not', async () => {
  await using bench = await openBench()
  const cases = [
    [null, 'no gate is connected'],
    [{ ...sampleGate, ledger: { ...sampleGate.ledger, state: 'stalled' } }, 'the ledger is stalled'],
    [{ ...sampleGate, draining: true }, 'the gate is draining'],
    [{ ...sampleGate, threads: [] }, 'no gateway thread serves'],
  ] as const
  for (const [current, reason] of cases) {
    bench.gate.current = current
    const answer = await bench.call('GET', '/readyz')
    assertProblem(answer, 503, 'not_ready')
    assert.partialDeepStrictEqual(answer.body, { reasons: [reason] })
  }
  bench.gate.current = sampleGate
  assert.equal((await bench.call('GET', '/readyz')).status, 200)
})

test('openAdmin() tells what a refused configuration says, and nothing of an error that nobody expected', async () => {
  const answers = [
    async () => ({ ok: false, text: 'gatehouse.yaml:3: no such thing' }) as const,
    () => Promise.reject(new Error('secret detail')),
    () => Promise.reject(new GatehouseError('store_unreadable', 'disk full')),
  ]
  await using bench = await openBench({
    config: { reload: () => answers.shift()?.() ?? Promise.reject(new Error('none')) },
  })
  const refused = await bench.call('POST', '/v1/reload', { body: {} })
  assertProblem(refused, 422, 'config_invalid')
  assert.match(refused.text, /gatehouse\.yaml:3/)
  const failed = await bench.call('POST', '/v1/reload', { body: {} })
  assertProblem(failed, 500, 'internal_error')
  assert.equal(failed.text.includes('secret detail'), false)
  assert.equal(bench.defects.length, 1)
  assertProblem(await bench.call('POST', '/v1/reload', { body: {} }), 503, 'store_unreadable')
})

test('openAdmin() lists recent records by filter and joins those of a request', async () => {
  await using bench = await openBench()
  await bench.append(
    { kind: 'opened', id: id(1), outcome: 'served', path: '/v1/orders', consumer: 'acme' },
    { kind: 'request', id: id(2), outcome: 'refused', status: 403, path: '/v1/users', consumer: 'acme' },
    { kind: 'request', id: id(1), outcome: 'served', status: 200, path: '/v1/orders', consumer: 'acme' },
    { kind: 'amended', id: id(1), outcome: 'served', reason: 'client_abort' },
  )
  const seqs = async (query: string): Promise<number[]> => {
    const { items } = (await bench.call('GET', `/v1/events?${query}`)).body as { items: { seq: number }[] }
    return items.map(({ seq }) => seq)
  }
  assert.deepEqual(await seqs(''), [3, 2, 1, 0])
  assert.deepEqual(await seqs('outcome=refused,failed'), [1])
  assert.deepEqual(await seqs('consumer=acme&status=2xx,403'), [2, 1])
  assert.deepEqual(await seqs('path=/v1/orders&kind=request'), [2])
  assert.deepEqual(await seqs('limit=2&before=3'), [2, 1])
  const request = await bench.call('GET', `/v1/events/${id(1)}`)
  assert.partialDeepStrictEqual(request.body, {
    seq: 2,
    event: { status: 200 },
    opened: { seq: 0 },
    amended: [{ seq: 3 }],
  })
})

test('openAdmin() lets only its own user open the socket, and removes it at the end', async () => {
  const bench = await openBench()
  assert.equal(statSync(bench.socketPath).mode & 0o777, 0o600)
  await bench[Symbol.asyncDispose]()
  assert.equal(existsSync(bench.socketPath), false)
})

test('openAdmin() takes the place of a socket that a dead process left, and of nothing else', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-admin-'))
  const socketPath = join(dir, 'admin.sock')
  const failure = async (): Promise<unknown> =>
    openBench({ socketPath }).then(
      (bench) => bench[Symbol.asyncDispose](),
      (error: unknown) => error,
    )
  try {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(socketPath, resolve))
    assert.ok(hasCode(await failure(), 'conflict'), 'somebody answers there')
    await new Promise((resolve) => other.close(resolve))
    const dying = spawn(process.execPath, [
      fileURLToPath(new URL('./test/leave-socket.ts', import.meta.url)),
      socketPath,
    ])
    await once(dying, 'exit')
    assert.equal(existsSync(socketPath), true)
    assert.equal(await failure(), undefined, 'nobody answers there')
    writeFileSync(socketPath, 'a file')
    assert.ok(hasCode(await failure(), 'conflict'), 'a file is not ours to remove')
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test('openAdmin() says when its port is taken or not on loopback, and leaves no socket behind', async () => {
  await using bench = await openBench()
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-admin-'))
  const socketPath = join(dir, 'admin.sock')
  try {
    const port = Number(new URL(bench.admin.url).port)
    await assert.rejects(openBench({ socketPath, listen: { host: '127.0.0.1', port } }), (error) =>
      hasCode(error, 'port_taken'),
    )
    await assert.rejects(openBench({ socketPath, listen: { host: '0.0.0.0', port: 0 } }), (error) =>
      hasCode(error, 'invalid_argument'),
    )
    assert.equal(existsSync(socketPath), false)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

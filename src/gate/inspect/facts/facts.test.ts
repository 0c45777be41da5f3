import assert from 'node:assert/strict'
import test from 'node:test'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { type ApiRequest, type Facts, factsBytesMax } from '../../../core/mod.ts'
import { createFactsReader, type FactsReader } from './facts.ts'
import { compileFacts } from './plan.ts'

const key = Uint8Array.from({ length: 32 }, (_, i) => i)

function reader(): FactsReader & { later(ms: number): void } {
  let nowMs = 0
  const made = createFactsReader({ key, clock: { wallMs: () => nowMs, monotonicMs: () => nowMs } })
  return { ...made, later: (ms) => void (nowMs += ms) }
}

const plan = compileFacts({ path: '/v1/orders/{id}', methods: [] }, 1)
const login = compileFacts({ path: '/v1/login', methods: ['POST'] }, 1)

function requestOf(path: string, more: Partial<ApiRequest> = {}): ApiRequest {
  return {
    id: '0'.repeat(32),
    traceId: '',
    spanId: '',
    traceFlags: '',
    receivedAtMs: 0,
    startedMs: 0,
    scheme: 'http',
    tls: null,
    protocol: 'HTTP/1.1',
    method: 'GET',
    host: 'a',
    authority: 'a',
    path,
    query: '',
    headers: [],
    peer: { address: '', port: 0, clientIp: '', trustedHop: null },
    bodyBytes: 0,
    headBytes: 0,
    ...more,
  }
}

const json = ['content-type', 'application/json; charset=utf-8']

function answered(
  body: string | Uint8Array,
  headers: readonly string[] = json,
  facts = reader(),
  status = 200,
): Facts | null {
  const looking = facts.begin(plan, requestOf('/v1/orders/17'), 0)
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return looking?.finish({ status, headers }, [bytes]) ?? null
}

function sent(body: string, type: string, of = login): Facts | null {
  const request = requestOf('/v1/login', { method: 'POST', headers: ['content-type', type], bodyBytes: body.length })
  const looking = reader().begin(of, request, 0)
  looking?.request(new TextEncoder().encode(body))
  return looking?.finish(null, null) ?? null
}

test('finish() tells the fields of an answer with their types, once an hour for each shape', () => {
  const facts = reader()
  const body = '{"items":[{"id":17,"name":"x","ok":true},{"id":18,"name":null}],"next":null}'
  const first = answered(body, json, facts)
  assert.deepEqual(first?.responseFields, ['items[].id:n', 'items[].name:sz', 'items[].ok:b', 'next:z'])
  const second = answered(body.replace('17', '99'), json, facts)
  assert.deepEqual(second?.responseFields, [])
  assert.equal(second?.responseShape, first?.responseShape)
  assert.notEqual(answered('{"items":[]}', json, facts)?.responseShape, first?.responseShape)
  facts.later(3_600_001)
  assert.equal(answered(body, json, facts)?.responseFields.length, 4)
})

test('finish() gives the object asked for and the one given the same hash, whether number or text', () => {
  const facts = answered('{"id":17,"other_id":"18","customerId":"c-1"}')
  assert.equal(facts?.givenCount, 3)
  assert.equal(facts?.asked[0], facts?.given[0])
  const asText = answered('{"uuid":"17"}')
  assert.deepEqual(asText?.given, facts?.asked)
})

test('finish() finds planted classes of data, and not what only looks like them', () => {
  const cases: readonly (readonly [text: string, classes: readonly string[]])[] = [
    ['4111 1111 1111 1111', ['card=1']],
    ['card 4111111111111111, and 378282246310005.', ['card=2']],
    ['4111111111111112', []],
    ['1790000000000', []],
    ['DE89370400440532013000', ['iban=1']],
    ['DE89 3704 0044 0532 0130 00 please', ['iban=1']],
    ['DE88370400440532013000', []],
    ['write to jane.doe+x@example.co.uk.', ['email=1']],
    ['@home and me@', []],
    ['+49 30 901820', ['phone=1']],
    ['+1', []],
    ['-----BEGIN RSA PRIVATE KEY-----\\nMIIE', ['private_key=1']],
    ['-----BEGIN CERTIFICATE-----', []],
    ['AKIAIOSFODNN7EXAMPLE', ['aws_key=1']],
    ['078-05-1120', ['us_ssn=1']],
    ['000-12-3456', []],
    ['Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', ['jwt=1']],
    ['ghp_0123456789abcdefghijklmnopqrstuvwxyz', ['api_key=1']],
    ['2026-11-25T08:43:06.123Z', []],
    ['550e8400-e29b-41d4-a716-446655440000', []],
  ]
  for (const [text, classes] of cases) assert.deepEqual(answered(`{"t":"${text}"}`)?.responseClasses, classes, text)
  assert.deepEqual(answered('{"n":4111111111111111}')?.responseClasses, ['card=1'])
  assert.deepEqual(answered('{"password":"x"}')?.responseClasses, ['secret_field=1'])
})

test('finish() hashes the name that somebody signs in with, by form and by JSON, whatever its case', () => {
  const byJson = sent('{"email":"Jane@Example.com","password":"p"}', 'application/json')
  const byForm = sent('email=jane%40example.com&password=p', 'application/x-www-form-urlencoded')
  assert.match(byJson?.login ?? '', /^[0-9a-f]{16}$/)
  assert.equal(byForm?.login, byJson?.login)
  assert.equal(sent('{"email":"jane@example.com"}', 'application/json', plan)?.login, null)
})

const trace = (folder: string, line: number): string =>
  JSON.stringify({
    error: `TypeError: x\n    at getOrder (${folder}/src/orders.js:${line}:11)\n    at run (${folder}/src/run.js:7:3)`,
  })

test('finish() gives traces of one error the same print, whatever the machine and the line', () => {
  const one = answered(trace('/srv/app', 12), json, reader(), 500)
  const other = answered(trace('/home/ci/build', 99), json, reader(), 500)
  assert.match(one?.errors[0] ?? '', /^node:[0-9a-f]{16}$/)
  assert.deepEqual(one?.errors, other?.errors)
  const python = 'Traceback (most recent call last):\n  File "/app/main.py", line 7, in handler\nKeyError'
  assert.match(answered(python, ['content-type', 'text/plain'], reader(), 500)?.errors[0] ?? '', /^python:/)
  assert.deepEqual(answered(JSON.stringify({ m: 'You have an error in your SQL syntax; check' }))?.errors, ['sql'])
  assert.deepEqual(answered(JSON.stringify({ m: 'We met at line 5, quotes for SQL courses inside' }))?.errors, [])
})

test('finish() looks into compressed bodies, and says what it could not look into', () => {
  const body = '{"mail":"a@example.com"}'
  for (const [coding, bytes] of [
    ['gzip', gzipSync(body)],
    ['br', brotliCompressSync(body)],
    ['zstd', zstdCompressSync(body)],
  ] as const)
    assert.deepEqual(answered(bytes, [...json, 'content-encoding', coding])?.responseClasses, ['email=1'], coding)
  const bomb = gzipSync(Buffer.alloc(10_000_000, 0x20))
  assert.deepEqual(answered(bomb, [...json, 'content-encoding', 'gzip'])?.skipped, ['response:expands'])
  assert.deepEqual(answered('{}', [...json, 'content-encoding', 'x'])?.skipped, ['response:encoding'])
  assert.deepEqual(answered(`["${'a'.repeat(70_000)}"]`)?.skipped, ['response:cut'])
  assert.deepEqual(answered('['.repeat(100))?.skipped, ['response:deep'])
  assert.deepEqual(answered('{"a":§')?.skipped, ['response:broken'])
})

const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 6 }).map((value) => JSON.stringify(value)),
  fc.string({ maxLength: 300 }),
)

test('finish() learns the same of a streamed answer, however it is cut into pieces', () => {
  fc.assert(
    fc.property(anyJson, fc.array(fc.nat(50), { maxLength: 8 }), (body, cuts) => {
      const bytes = new TextEncoder().encode(body)
      const whole = answered(bytes)
      const looking = reader().begin(plan, requestOf('/v1/orders/17'), 0)
      let at = 0
      const take = (length: number): Uint8Array => Uint8Array.from(bytes.subarray(at, (at += length)))
      looking?.follow([take(3)])
      for (const length of cuts) {
        const chunk = take(length)
        looking?.response(chunk)
        chunk.fill(0) // it is not ours any more
      }
      looking?.response(bytes.subarray(at))
      assert.deepEqual(looking?.finish({ status: 200, headers: json }, null), whole)
    }),
    { numRuns: 200 },
  )
})

test('finish() never takes more room than was reserved, nor throws, whatever a body holds', () => {
  const many = JSON.stringify(
    Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`some_long_field_name_${i}_id`.replace(/\d+_/, 'x'.repeat(i % 20)), i]),
    ),
  )
  const ids = JSON.stringify(
    Array.from({ length: 500 }, (_, id) => ({ id, [`f${'o'.repeat(id % 30)}`]: 'a@b.example', ref_id: `r${id}` })),
  )
  for (const body of [many, ids]) {
    const facts = answered(body)
    assert.ok(JSON.stringify(facts).length <= factsBytesMax)
    assert.ok((facts?.given.length ?? 0) <= 24 && (facts?.responseFields.length ?? 0) <= 64)
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, isJson) => {
      const facts = answered(bytes, isJson ? json : ['content-type', 'text/html'])
      assert.notDeepEqual(facts?.skipped, ['failed'])
    }),
    { numRuns: 300 },
  )
})

test('no value of a body stands in its facts, not even one that serves as a key', () => {
  const canaries = [
    'jane.canary@example.com',
    '4111111111111111',
    'canaryPassword',
    '98765432101',
    'DE89370400440532013000',
  ]
  const [mail = '', card = '', password = '', id = '', iban = ''] = canaries
  const body = JSON.stringify({ [mail]: { id, mail, card, password }, [id]: [iban, { [iban]: card }], [card]: 1 })
  const text = JSON.stringify([
    answered(body),
    sent(body, 'application/json'),
    sent(`user=${mail}&id=${id}`, 'application/x-www-form-urlencoded'),
  ])
  for (const canary of canaries) assert.ok(!text.includes(canary), canary)
})

test('begin() looks at the share of a route, and at none where it is off', () => {
  const facts = reader()
  const half = compileFacts({ path: '/a', methods: [] }, 0.5)
  const seen = (id: string): boolean => facts.begin(half, requestOf('/a', { id: id.padStart(32, '0') }), 0) !== null
  assert.deepEqual([seen('10000000'), seen('f0000000')], [true, false])
  assert.equal(facts.begin(compileFacts({ path: '/a', methods: [] }, 0), requestOf('/a'), 0), null)
})

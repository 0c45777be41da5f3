/**
 * The completeness oracle: whatever ends a request, every request of which the client got a byte has exactly one
 * terminal record, also when the gate is killed in the middle.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { type AccessEvent, decodeAccessEvent } from '../../src/core/mod.ts'
import { openLedgerReader } from '../../src/gate/ledger/mod.ts'
import { type Program, startProgram, waitFor } from '../support/program.ts'
import { type RawAnswer, type RawOptions, sendRaw } from '../support/raw-client.ts'
import { startUpstream } from '../support/upstream.ts'

const concurrency = 100

const configOf = (upstream: string): string => `
version: 1
mode: enforce
listen: 127.0.0.1:PORT
threads: 3
admin: { listen: 127.0.0.1:ADMIN }
connections: { requestTimeout: 2s, headersTimeout: 1s, perIpMax: 36, clientIdle: 1s }
limits: { keysMax: 10000 }
apis:
  things:
    upstream: ${upstream}
    timeouts: { connect: 1s, headers: 1s, idle: 1s, total: 3s }
    body: { max: 4kb }
    routes:
      - { path: '/v1/{kind}', methods: [GET, POST], scopes: [things:read] }
      - { path: '/v1/{kind}/locked', methods: [GET], scopes: [things:admin] }
      - path: '/v1/{kind}/limited'
        methods: [GET]
        scopes: [things:read]
        limits: [{ name: tight, per: consumer, allow: 3/s }]
  gone:
    upstream: http://127.0.0.1:9
    timeouts: { connect: 1s, headers: 1s, idle: 1s, total: 2s }
    routes: [{ path: '/gone', auth: none }]
`

/** One way for a request to go, and what its client does. */
interface Play {
  readonly bytes: (key: string) => string
  readonly options?: RawOptions
}

const get =
  (path: string, more = ''): ((key: string) => string) =>
  (key) =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\n${more}\r\n`

const plays: readonly Play[] = [
  { bytes: get('/v1/ok') },
  { bytes: get('/v1/ok') },
  { bytes: get('/v1/chunks') },
  { bytes: get('/v1/trickle') },
  { bytes: get('/v1/big') },
  { bytes: () => 'GET /v1/ok HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' },
  {
    bytes: () => 'GET /v1/ok HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-API-Key: gthk_live_nonsense\r\n\r\n',
  },
  { bytes: get('/v1/ok/locked') },
  { bytes: get('/v2/nowhere') },
  { bytes: (key) => get('/v1/ok')(key).replace('GET', 'DELETE') },
  {
    bytes: (key) =>
      `POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\nContent-Length: 900000\r\n\r\nxx`,
  },
  {
    bytes: (key) =>
      `POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\nContent-Length: 5\r\n\r\nhello`,
  },
  {
    bytes: (key) =>
      `POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n`,
  },
  { bytes: (key) => `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\n\r\n` },
  { bytes: get('/v1/ok/limited') },
  { bytes: get('/v1/ok', Array.from({ length: 130 }, (_, i) => `X-${i}: 1\r\n`).join('')) },
  { bytes: () => 'GET /v1/ok HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n' },
  { bytes: () => 'nonsense\r\n\r\n' },
  { bytes: get('/v1/..%2fadmin') },
  { bytes: get('/v1/reset') },
  { bytes: get('/v1/cut') },
  { bytes: get('/v1/stall') },
  { bytes: get('/v1/slow') },
  { bytes: () => 'GET /gone HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' },
  { bytes: get('/v1/big'), options: { leaveAfterBytes: 70_000 } },
  { bytes: get('/v1/slow'), options: { leaveAfterMs: 60 } },
  { bytes: get('/v1/ok'), options: { pauseMs: 1 } },
  { bytes: () => 'GET /v1/ok HTTP/1.1\r\nHost: loc', options: { leaveAfterMs: 1500 } },
]

/** Plays at random, at the given concurrency, until the signal; resolves with every answer of which a byte came. */
async function play(port: number, key: string, signal: AbortSignal): Promise<RawAnswer[]> {
  const answers: RawAnswer[] = []
  const one = async (): Promise<void> => {
    while (!signal.aborted) {
      const next = plays[Math.floor(Math.random() * plays.length)]
      if (next === undefined) continue
      const answer = await sendRaw(port, next.bytes(key), { ...next.options, signal })
      if (answer.gotByte) answers.push(answer)
      else await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, one))
  return answers
}

interface Ledger {
  readonly terminal: Map<string, AccessEvent[]>
  readonly size: number
}

function readLedger(program: Program): Ledger {
  using reader = openLedgerReader(join(program.dataDir, 'ledger'))
  const terminal = new Map<string, AccessEvent[]>()
  let seq = 0
  for (;;) {
    const batch = reader.read(seq, { bytesMax: 1 << 20, recordsMax: 10_000 })
    if (batch.length === 0) break
    for (const record of batch) {
      assert.equal(record.seq, seq++)
      const event = decodeAccessEvent(record.bytes)
      if (event.kind === 'request') terminal.set(event.id, [...(terminal.get(event.id) ?? []), event])
    }
  }
  return { terminal, size: seq }
}

function judge(answers: readonly RawAnswer[], ledger: Ledger): void {
  for (const answer of answers) {
    assert.notEqual(answer.requestId, null, `an answer without a request id: ${answer.text.slice(0, 200)}`)
    const records = ledger.terminal.get(answer.requestId ?? '') ?? []
    assert.equal(
      records.length,
      1,
      `${records.length} terminal records for ${answer.requestId}: ${answer.text.slice(0, 120)}`,
    )
    // A crash may cut a stream off after its first byte; its record then says aborted, with the status that was sent.
    if (answer.status !== 0)
      assert.equal(records[0]?.status, answer.status, `status in the record of ${answer.requestId}`)
  }
  for (const [id, records] of ledger.terminal)
    assert.equal(records.length, 1, `${records.length} terminal records for ${id}`)
}

test(
  'every request that got a byte has exactly one terminal record, in any mix of outcomes and after kill -9 of the gate',
  { timeout: 180_000 },
  async () => {
    await using upstream = await startUpstream()
    await using program = await startProgram({ config: configOf(upstream.url) })
    const { out: key } = await program.verb('keys', 'create', '--consumer', 'acme', '--scopes', 'things:read')

    const quiet = await play(program.port, key.trim(), AbortSignal.timeout(6_000))
    const stop = new AbortController()
    const during = play(program.port, key.trim(), stop.signal)
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    process.kill(program.pidOf('gate'), 'SIGKILL')
    // The launcher starts it again, recovery runs, load goes on.
    await waitFor(
      async () => (await sendRaw(program.port, get('/v1/ok')(key.trim()))).gotByte,
      60_000,
      () => 'the gate was not started again',
    )
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    stop.abort()
    const killed = await during
    await program.stop()

    const statuses = new Set([...quiet, ...killed].map((answer) => answer.status))
    for (const status of [200, 400, 401, 403, 404, 405, 413, 414, 429, 431, 502, 503, 504])
      assert.ok(statuses.has(status), `no ${status} in the mix: ${[...statuses].join(' ')}`)
    judge([...quiet, ...killed], readLedger(program))
  },
)

test(
  'SIGKILL of the desk under load loses no record and fails no request, and the desk catches up',
  { timeout: 120_000 },
  async () => {
    await using upstream = await startUpstream()
    await using program = await startProgram({ config: configOf(upstream.url) })
    const { out: key } = await program.verb('keys', 'create', '--consumer', 'acme', '--scopes', 'things:read')
    const stop = new AbortController()
    const answers: RawAnswer[] = []
    const clients = Array.from({ length: 30 }, async () => {
      while (!stop.signal.aborted) answers.push(await sendRaw(program.port, get('/v1/ok')(key.trim())))
    })
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const before = program.pidOf('desk')
    process.kill(before, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    stop.abort()
    await Promise.all(clients)
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]))
    const last = answers.at(-1)?.requestId ?? ''
    await waitFor(
      () =>
        program.client.get(`/v1/events/${last}`).then(
          () => true,
          () => false,
        ),
      15_000,
      () => `the desk has not caught up with ${last}`,
    )
    assert.notEqual(program.pidOf('desk'), before)
    await program.stop()
    judge(answers, readLedger(program))
  },
)

/** Requests are found and counted as they were made, also after the desk died and after the index is gone. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { Answered } from '../../src/desk/query/mod.ts'
import { type Program, startProgram, waitFor } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'

const configOf = (upstream: string): string => `
version: 1
listen: 127.0.0.1:PORT
admin: { listen: 127.0.0.1:ADMIN }
apis:
  things:
    upstream: ${upstream}
    routes:
      - { path: '/v1/{kind}', methods: [GET], scopes: [things:read] }
`

const canary = 'canary-2c1f'

async function ask(program: Program, q: string, more: Readonly<Record<string, string>> = {}): Promise<Answered> {
  const asked = new URLSearchParams({ q, ...more })
  return (await program.client.get(`/v1/query?${asked.toString()}`)) as Answered
}

/** The answer, once so many requests match. */
async function answerOf(program: Program, q: string, matched: number): Promise<Answered> {
  let last: Answered | null = null
  await waitFor(
    async () => {
      last = await ask(program, q).catch(() => null)
      return last?.matched === matched && !last.partial
    },
    30_000,
    () => `'${q}' does not match ${matched}: ${JSON.stringify(last)}`,
  )
  return await ask(program, q)
}

async function call(program: Program, path: string, key: string | null): Promise<number> {
  const headers: Record<string, string> = { 'user-agent': canary }
  if (key !== null) headers['authorization'] = `Bearer ${key}`
  const answer = await fetch(`${program.url}${path}`, { headers })
  await answer.arrayBuffer()
  return answer.status
}

test('requests are searched and counted, exactly', { timeout: 180_000 }, async (t) => {
  await using upstream = await startUpstream()
  await using program = await startProgram({ config: configOf(upstream.url) })
  const key = (await program.verb('keys', 'create', '--consumer', canary, '--scopes', 'things:read')).out.trim()
  for (let i = 0; i < 30; i++) await call(program, `/v1/${canary}?page=${i}`, key)
  for (let i = 0; i < 12; i++) await call(program, '/v1/things', null)
  for (let i = 0; i < 5; i++) await call(program, `/nothing/${i}`, key)

  await t.test('by what they were', async () => {
    await answerOf(program, '', 47)
    assert.equal((await ask(program, 'status:401')).matched, 12)
    assert.equal((await ask(program, `consumer:${canary} status:200`)).matched, 30)
    assert.equal((await ask(program, 'reason:no_route ip:127.0.0.0/8')).matched, 5)
    assert.equal((await ask(program, '-ip:127.0.0.0/8')).matched, 0)
    const counted = await ask(program, '| count by status')
    assert.deepEqual(counted.rows, [
      [200, 30],
      [401, 12],
      [404, 5],
    ])
    const series = await ask(program, '| count every 1d')
    assert.deepEqual(
      [series.kind === 'table' && series.columns.map(({ name }) => name), series.matched],
      [['at', 'count'], 47],
    )
    await assert.rejects(ask(program, '', { from: '1', seqFrom: '1' }), /times and positions together/)
    assert.equal((await ask(program, '', { seqFrom: '0', seqTo: '10' })).matched, 10)
  })

  await t.test('page by page, each as /v1/events shows it', async () => {
    const seqs: number[] = []
    for (let before = ''; ;) {
      const page = await ask(program, 'status:200', { limit: '8', ...(before === '' ? {} : { before }) })
      assert.ok(page.kind === 'events' && page.matched === 30)
      if (page.rows.length === 0) break
      for (const { seq, event } of page.rows) {
        seqs.push(seq)
        const shown = (await program.client.get(`/v1/events/${event.id}`)) as { readonly event: unknown }
        assert.deepEqual(event, shown.event)
      }
      before = String(seqs.at(-1))
    }
    assert.deepEqual(
      seqs,
      [...new Set(seqs)].toSorted((a, b) => b - a),
    )
    assert.equal(seqs.length, 30)
  })

  await t.test('on the command line, with exit codes', async () => {
    const table = await program.verb('query', 'status:4xx', '|', 'count', 'by', 'reason')
    assert.equal(table.code, 0)
    assert.match(table.out, /credential_missing\s+12/)
    const rows = await program.verb('query', '-status:200', '--json', '--limit', '3')
    assert.equal(rows.out.trim().split('\n').length, 3)
    const wrong = await program.verb('query', 'statsu:1')
    assert.equal(wrong.code, 2)
    assert.match(wrong.err, /column 1: there is no field 'statsu'; did you mean 'status'/)
    assert.match((await program.verb('query', '--fields')).out, /identifiedBy/)
    const cut = await program.verb('query', '', '--since', '3650d')
    assert.equal(cut.code, 0)
  })

  await t.test('also after the desk was killed', async () => {
    const desk = program.pidOf('desk')
    process.kill(desk, 'SIGKILL')
    for (let i = 0; i < 10; i++) await call(program, '/v1/things', null)
    await answerOf(program, 'status:401', 22)
    await answerOf(program, '', 57)
    assert.notEqual(program.pidOf('desk'), desk)
  })

  await t.test('also after the index is gone, and nothing of it can be read on disk', async () => {
    await program.stop()
    const folder = join(program.dataDir, 'query-index')
    const files = readdirSync(folder)
    assert.ok(files.some((name) => name.endsWith('.seg')))
    for (const name of files) assert.ok(!readFileSync(join(folder, name)).includes(canary), name)
    rmSync(folder, { recursive: true })
    await using again = await startProgram({ config: configOf(upstream.url), dir: program.dir })
    await answerOf(again, '', 57)
    assert.equal((await ask(again, `consumer:${canary} status:200`)).matched, 30)
  })
})

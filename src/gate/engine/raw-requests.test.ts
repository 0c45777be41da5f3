import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openHttpUpstream, openTestEngine, upstreamAt, testEngines } from './test/fixtures.ts'
import { RawClient } from './test/raw-client.ts'

interface Case {
  readonly name: string
  readonly raw_b64: string
  /** A status, or a sentence that offers a choice. */
  readonly gatehouse: number | string
}

/** Where the one status table decides: it wins over the vectors' own numbers, and chooses where they offer a choice. */
const table: ReadonlyMap<string, number> = new Map([
  ['HTTP/0.9', 505],
  ['HTTP/1.2', 505],
  ['TE xchunked', 501],
  ['header 20 KiB', 431],
  ['URL 20 KiB', 414],
  ['GET with body CL', 400],
  ['absolute-form other host', 421],
  ['path //', 400],
  ['dot segments', 400],
  ['encoded slash', 400],
  ['two Authorization', 400],
  ['header name with _', 400],
  ['h2c upgrade', 400],
  ['Connection: X-API-Key (hop-by-hop strip)', 400],
])

const accepted = /^accept/

testEngines('openEngine() answers each of the public raw requests by the status table', async (t) => {
  const folder = process.env['GATEHOUSE_VECTORS']
  if (folder === undefined) {
    assert.notEqual(process.env['CI'], 'true', 'GATEHOUSE_VECTORS must be set')
    return t.diagnostic('skipped: GATEHOUSE_VECTORS is not set')
  }
  const path = `${folder}/identity/http-strict/raw-requests.json`
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] }
  const forwarded: string[] = []
  await using upstream = await openHttpUpstream((request, response) => {
    request.resume().on('end', () => {
      forwarded.push(`${request.method} ${request.url} ${JSON.stringify(request.trailers)}`)
      response.end('ok')
    })
  })
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  for (const { name, raw_b64, gatehouse } of cases) {
    const before = { seen: gate.seen.length, forwarded: forwarded.length }
    using client = await RawClient.open(gate.port)
    client.send(Buffer.from(raw_b64, 'base64'))
    const isAccepted = typeof gatehouse === 'string' && accepted.test(gatehouse) && !table.has(name)
    const count = name === 'pipelined 2' ? 2 : 1
    const answers = isAccepted ? await client.whenAnswered(count) : await client.whenEnded()
    const expected = isAccepted ? Array.from({ length: count }, () => 200) : [table.get(name) ?? gatehouse]
    assert.deepEqual(
      answers.map(({ status }) => status),
      expected,
      name,
    )
    assert.equal(gate.seen.length - before.seen, expected.length, `${name}: exchanges`)
    assert.equal(forwarded.length - before.forwarded, isAccepted ? count : 0, `${name}: forwarded`)
    if (isAccepted) assert.match(forwarded.at(-1) ?? '', / \{\}$/, `${name}: no trailers go on`)
  }
  assert.deepEqual(gate.defects, [])
})

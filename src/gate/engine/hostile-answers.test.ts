import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openRawUpstream, openTestEngine, testEngines, upstreamAt } from './test/fixtures.ts'
import { RawClient, until } from './test/raw-client.ts'

/** The `http` blocks of a page of test cases, as the bytes that its runner makes of them. */
function blocksOf(page: string): string[] {
  return [...page.matchAll(/^```http\n([\s\S]*?)\n```$/gm)].map(([, text = '']) =>
    text
      .replaceAll(/\\\n/g, '')
      .replaceAll('\n', '\r\n')
      .replaceAll(String.raw`\r`, '\r')
      .replaceAll(String.raw`\n`, '\n')
      .replaceAll(String.raw`\t`, '\t')
      .replaceAll(String.raw`\f`, '\f')
      .replaceAll(/\\x([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  )
}

const second = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecond'

testEngines(
  'whatever an upstream answers, the next answer on the client’s connection is that to its next request',
  async (t) => {
    const folder = process.env['GATEHOUSE_VECTORS']
    if (folder === undefined) {
      assert.notEqual(process.env['CI'], 'true', 'GATEHOUSE_VECTORS must be set')
      return t.diagnostic('skipped: GATEHOUSE_VECTORS is not set')
    }
    const pages = join(folder, 'http', 'llhttp', 'response')
    const answers = readdirSync(pages)
      .filter((name) => name.endsWith('.md'))
      .flatMap((name) => blocksOf(readFileSync(join(pages, name), 'utf8')))
    assert.ok(answers.length > 80, 'the cases are there')
    let hostile = ''
    await using upstream = await openRawUpstream((socket, text) => {
      if (text.startsWith('GET /second')) return void socket.write(second)
      socket.write(hostile, 'latin1')
      setTimeout(() => socket.end(), 10)
    })
    await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url, { headersMs: 300, idleMs: 300 }) })
    let kept = 0
    for (const [index, bytes] of answers.entries()) {
      hostile = bytes
      using client = await RawClient.open(gate.port)
      await client.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n').whenAnswered()
      await until(() => gate.seen.length === index + 1 + kept)
      if (client.ended) continue
      await until(() => upstream.sockets.every(({ destroyed }) => destroyed)) // a connection that ends is another test
      client.send('GET /second HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.whenAnswered(2)
      if (client.ended) continue
      assert.equal(client.answers()[1]?.body, 'second', JSON.stringify(bytes))
      kept++
    }
    assert.deepEqual(gate.defects, [])
    t.diagnostic(`${answers.length} answers; behind ${kept} of them the connection went on`)
  },
)

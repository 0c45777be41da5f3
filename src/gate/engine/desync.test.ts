import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { openRawUpstream, openTestEngine, testEngines, upstreamAt } from './test/fixtures.ts'
import { RawClient } from './test/raw-client.ts'

interface Case {
  readonly name: string
  readonly method: string
  readonly uri: string
  readonly version: string
  readonly headers?: readonly { readonly name: string; readonly value: string }[]
  readonly expected?: { readonly tier?: string }
}

const files = ['severe', 'ambiguous', 'bad-header-characters', 'edge-cases', 'acceptable', 'rfc-compliant']

function headOf({ method, uri, version, headers = [] }: Case): Buffer {
  // Without one, everything would be refused for that alone.
  const host = headers.some(({ name }) => /^host$/i.test(name)) ? '' : 'Host: a.test\r\n'
  const fields = headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('')
  return Buffer.from(`${method} ${uri} ${version}\r\n${host}${fields}\r\n`, 'latin1')
}

testEngines('openEngine() forwards nothing that could be read as two requests', async (t) => {
  const folder = process.env['GATEHOUSE_VECTORS']
  if (folder === undefined) {
    assert.notEqual(process.env['CI'], 'true', 'GATEHOUSE_VECTORS must be set')
    return t.diagnostic('skipped: GATEHOUSE_VECTORS is not set')
  }
  const cases = files.flatMap((file) => parse(readFileSync(`${folder}/http/desync/${file}.yaml`, 'utf8')) as Case[])
  const dangerous = cases.filter(({ expected }) => expected?.tier === 'Severe' || expected?.tier === 'Ambiguous')
  assert.ok(dangerous.length > 50, 'the cases are there')
  let forwarded = ''
  await using upstream = await openRawUpstream((_socket, text) => void (forwarded += text))
  await using gate = await openTestEngine({ upstream: upstreamAt(upstream.url) })
  for (const one of dangerous) {
    using client = await RawClient.open(gate.port)
    const [answer] = await client.send(headOf(one)).whenEnded()
    assert.ok((answer?.status ?? 0) >= 400, `${one.name}: ${answer?.status}`)
    assert.equal(forwarded, '', one.name)
  }
  assert.equal(gate.seen.length, dangerous.length)
  t.diagnostic(`${dangerous.length} cases, each refused and recorded`)
})

/** An API that is held to its OpenAPI document, as callers and the operator see it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import test from 'node:test'
import { startProgram } from '../support/program.ts'

const document = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  paths: {
    '/orders': {
      post: {
        parameters: [{ name: 'dry', in: 'query', schema: { type: 'boolean' } }],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } },
        },
        responses: {
          200: { description: '', content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } } },
        },
      },
    },
  },
  components: {
    schemas: {
      Order: {
        type: 'object',
        required: ['price'],
        properties: { price: { type: 'number', minimum: 1 }, to: { type: 'string' } },
      },
    },
  },
}

const configOf = (upstream: string, file: string): string => `
version: 1
listen: 127.0.0.1:PORT
threads: 1
admin: { listen: 127.0.0.1:ADMIN }
apis:
  orders:
    upstream: ${upstream}
    auth: none
    json: { depthMax: 8, duplicateKeys: refuse }
    openapi: { file: ${file}, requests: refuse, responses: refuse, unknownPaths: refuse }
`

test('an API is held to its OpenAPI document, in both directions', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-contracts-'))
  const file = join(folder, 'orders.json')
  writeFileSync(file, JSON.stringify(document))
  const upstream = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      const text = Buffer.concat(chunks).toString()
      response.end(text.includes('broken') ? '{"price":"Error: at /srv/app.js:1"}' : text)
    })
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  try {
    const { port } = upstream.address() as AddressInfo
    await using program = await startProgram({ config: configOf(`http://127.0.0.1:${port}`, file) })
    const post = async (body: string, path = '/orders'): Promise<{ status: number; text: string }> => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${program.url}${path}`, { method: 'POST', headers, body })
      return { status: answer.status, text: await answer.text() }
    }
    const large = JSON.stringify({ price: 2, to: 'x'.repeat(200_000) })
    assert.deepEqual(await post('{"price":2}', '/orders?dry=true'), { status: 200, text: '{"price":2}' })
    assert.deepEqual(await post(large), { status: 200, text: large })
    const refused = await post('{"price":0,"to":"sesame"}', '/orders?dry=perhaps')
    assert.equal(refused.status, 400)
    const problem = JSON.parse(refused.text) as { code: string; violations: unknown }
    assert.equal(problem.code, 'contract_violated')
    assert.deepEqual(problem.violations, [
      { in: 'query', at: 'dry', rule: 'type' },
      { in: 'body', at: '/price', rule: 'minimum' },
    ])
    assert.doesNotMatch(refused.text, /sesame|perhaps/)
    assert.match((await post('{"price":1,"price":2}')).text, /duplicateKey/)
    assert.match((await post('['.repeat(9))).text, /"depth"/)
    assert.equal((await post('{}', '/other')).status, 404)
    const withheld = await post('{"price":2,"to":"broken"}')
    assert.equal(withheld.status, 502)
    assert.match(withheld.text, /answer_violated/)
    assert.doesNotMatch(withheld.text, /app\.js/)
  } finally {
    upstream.close()
    rmSync(folder, { recursive: true })
  }
})

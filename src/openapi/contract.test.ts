import assert from 'node:assert/strict'
import test from 'node:test'
import { compileContract, type Operation, type Violation } from './contract.ts'
import { DocumentError } from './document.ts'

type Parts = Record<string, unknown>

function documentOf(operation: Parts, more: Parts = {}, version = '3.0.3'): Parts {
  return { openapi: version, paths: { '/orders/{id}': { post: { responses: {}, ...operation } } }, ...more }
}

function operationOf(document: Parts, path = '/orders/7'): Operation {
  const operation = compileContract(document).find('POST', path)
  assert.ok(operation !== null)
  return operation
}

function json(operation: Operation, value: unknown): readonly Violation[] {
  return operation.checkBody('application/json; charset=utf-8', Buffer.from(JSON.stringify(value)))
}

function bodyOf(schema: unknown, more: Parts = {}, version?: string): Operation {
  return operationOf(
    documentOf({ requestBody: { required: true, content: { 'application/json': { schema } } } }, more, version),
  )
}

function told(violations: readonly Violation[]): string[] {
  return violations.map(({ in: where, at, rule }) => `${where} ${at} ${rule}`)
}

const parameter = (name: string, where: string, schema: Parts, more: Parts = {}): Parts => ({
  name,
  in: where,
  schema,
  ...more,
})

const fault = (document: unknown): string => {
  try {
    compileContract(document)
  } catch (error) {
    assert.ok(error instanceof DocumentError)
    assert.notEqual(error.remedy, '')
    return error.pointer
  }
  return 'none'
}

const body = (schema: unknown): Parts => documentOf({ requestBody: { content: { 'application/json': { schema } } } })

test('compileContract() reads parameters by place, style and type', () => {
  const list = { type: 'array', items: { type: 'integer' }, maxItems: 2 }
  const point = { type: 'object', properties: { x: { type: 'integer' }, y: { type: 'integer' } }, required: ['x'] }
  const operation = operationOf(
    documentOf({
      parameters: [
        parameter('id', 'path', { type: 'integer' }, { required: true }),
        parameter('many', 'query', list),
        parameter('comma', 'query', list, { explode: false }),
        parameter('pipe', 'query', list, { style: 'pipeDelimited', explode: false }),
        parameter('deep', 'query', point, { style: 'deepObject', explode: true }),
        parameter('on', 'query', { type: 'boolean' }),
        parameter('X-Level', 'header', { type: 'string', enum: ['low', 'high'] }),
        parameter('flavour', 'cookie', { type: 'string', maxLength: 3 }),
        parameter('must', 'query', { type: 'string' }, { required: true }),
      ],
    }),
  )
  const check = (query: string, headers: readonly string[] = []): string[] =>
    told(operation.checkHead({ query: `must=1&${query}`, headers }))
  for (const query of ['', 'many=1&many=2', 'comma=1,2', 'pipe=1%7C2', 'deep[x]=1&deep%5By%5D=2', 'on=true', 'other=1'])
    assert.deepEqual(check(query), [], query)
  assert.deepEqual(check('many=1&many=a'), ['query many/1 type'])
  assert.deepEqual(check('comma=1,2,3'), ['query comma maxItems'])
  assert.deepEqual(check('pipe=1|b'), ['query pipe/1 type'])
  assert.deepEqual(check('deep[y]=2'), ['query deep required'])
  assert.deepEqual(check('on=yes'), ['query on type'])
  assert.deepEqual(check('on=true&on=false'), ['query on repeated'])
  assert.deepEqual(check('on=%ff'), ['query on encoding'])
  assert.deepEqual(check('', ['x-level', 'mid']), ['header X-Level enum'])
  assert.deepEqual(check('', ['cookie', 'a=1; flavour=long']), ['cookie flavour maxLength'])
  assert.deepEqual(told(operation.checkHead({ query: '', headers: [] })), ['query must required'])
  const other = compileContract(documentOf({ parameters: [parameter('id', 'path', { type: 'integer' })] }))
  assert.deepEqual(told(other.find('POST', '/orders/x')?.checkHead({ query: '', headers: [] }) ?? []), ['path id type'])
})

test('compileContract() finds what is written out before parameters, below the path of the server', () => {
  const item = { post: { responses: {} } }
  const contract = compileContract({
    openapi: '3.1.0',
    servers: [{ url: 'https://a.test/v1/' }],
    paths: { '/orders/{id}': item, '/orders/mine': { get: { responses: {} } }, '/files/{name}.{end}': item },
  })
  assert.ok(contract.find('POST', '/v1/orders/7') !== null)
  assert.equal(contract.find('POST', '/orders/7'), null)
  assert.equal(contract.find('POST', '/v1/orders/mine'), null)
  assert.ok(contract.find('HEAD', '/v1/orders/mine') !== null)
  assert.ok(contract.find('POST', '/v1/files/a.txt') !== null)
})

test('compileContract() holds bodies to media type and schema', () => {
  const operation = operationOf(
    documentOf({
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['a'],
              additionalProperties: false,
              properties: { a: { type: 'number', minimum: 1 } },
            },
          },
          'application/x-www-form-urlencoded': {
            schema: {
              type: 'object',
              properties: { n: { type: 'integer' }, l: { type: 'array', items: { type: 'integer' } } },
            },
          },
          'text/*': { schema: { type: 'string', maxLength: 3 } },
        },
      },
    }),
  )
  const check = (type: string | null, text: string): string[] => told(operation.checkBody(type, Buffer.from(text)))
  assert.deepEqual(check('application/json', '{"a":1}'), [])
  assert.deepEqual(check('application/json', '{"a":0}'), ['body /a minimum'])
  assert.deepEqual(check('application/json', '{"a":1,"b":1}'), ['body  additionalProperties'])
  assert.deepEqual(check('application/json', '{'), ['body  json'])
  assert.deepEqual(check('application/xml', '<a/>'), ['body  contentType'])
  assert.deepEqual(check(null, '{"a":1}'), ['body  contentType'])
  assert.deepEqual(check('application/x-www-form-urlencoded', 'n=1&l=1&l=2'), [])
  assert.deepEqual(check('application/x-www-form-urlencoded', 'n=x'), ['body /n type'])
  assert.deepEqual(check('text/plain', 'abcd'), ['body  maxLength'])
  assert.deepEqual(told(operation.checkBody('application/json', null)), ['body  required'])
})

test('compileContract() knows 3.0 words, what holds in one direction, and schemas that contain themselves', () => {
  const schemas = {
    Node: {
      type: 'object',
      properties: {
        next: { $ref: '#/components/schemas/Node' },
        n: { type: 'integer', minimum: 0, exclusiveMinimum: true, nullable: true },
      },
    },
    User: {
      type: 'object',
      required: ['id', 'password'],
      properties: { id: { type: 'string', readOnly: true }, password: { type: 'string', writeOnly: true } },
    },
  }
  const node = bodyOf({ $ref: '#/components/schemas/Node' }, { components: { schemas } })
  assert.deepEqual(json(node, { next: { next: { n: 1 } }, n: null }), [])
  assert.deepEqual(told(json(node, { next: { next: { n: 0 } } })), ['body /next/next/n exclusiveMinimum'])
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/User' } } }
  const user = operationOf(
    documentOf(
      { requestBody: { content }, responses: { '2XX': { description: '', content } } },
      { components: { schemas } },
    ),
  )
  assert.deepEqual(json(user, { password: 'x' }), [])
  const answer = (status: number, value: unknown): string[] =>
    told(user.checkAnswer({ status, contentType: 'application/json', body: Buffer.from(JSON.stringify(value)) }))
  assert.deepEqual(answer(201, { id: '1' }), [])
  assert.deepEqual(answer(201, { id: '1', password: 'x' }), ['body /password false schema'])
  assert.deepEqual(answer(201, {}), ['body  required'])
  assert.deepEqual(answer(404, {}), ['body  status'])
})

test('compileContract() names the place of what it cannot use', () => {
  const at = '#/paths/~1orders~1{id}/post/requestBody/content/application~1json/schema'
  assert.equal(fault({ swagger: '2.0' }), '#/openapi')
  assert.equal(fault(body({ $ref: 'other.yaml#/A' })), at)
  assert.equal(fault(body({ $ref: '#/components/schemas/A' })), at)
  assert.equal(fault(body({ properties: { a: { $dynamicRef: '#a' } } })), `${at}/properties/a/$dynamicRef`)
  assert.ok(fault(body({ type: 'number', minimum: 'a' })).startsWith(at))
  assert.ok(fault(body({ type: 'string', pattern: '(' })).startsWith(at))
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { compileContract } from './contract.ts'

type Parts = Record<string, unknown>

/** Whether a body of JSON fits the schema, by a document of OpenAPI 3.0. */
function fitting(schema: Parts): (value: unknown) => boolean {
  const content = { 'application/json': { schema } }
  const paths = { '/': { post: { requestBody: { content }, responses: {} } } }
  const operation = compileContract({ openapi: '3.0.3', paths }).find('POST', '/')
  assert.ok(operation !== null)
  return (value) => operation.checkBody('application/json', Buffer.from(JSON.stringify(value))).length === 0
}

const leafSchema = fc.oneof(
  fc.record({ type: fc.constant('integer'), minimum: fc.integer({ min: -3, max: 3 }) }),
  fc.record({ type: fc.constant('string'), maxLength: fc.nat(3), nullable: fc.boolean() }),
  fc.record({ enum: fc.constant(['a', 1, null]) }),
  fc.record({ type: fc.constant('boolean') }),
)
const anySchema = fc.letrec<{ schema: Parts }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    leafSchema,
    fc.record({ type: fc.constant('array'), items: tie('schema'), maxItems: fc.nat(3), uniqueItems: fc.boolean() }),
    fc.record({
      type: fc.constant('object'),
      properties: fc.record({ a: tie('schema'), b: tie('schema') }),
      required: fc.subarray(['a', 'b']),
      additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
    }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }), not: tie('schema') }),
  ),
})).schema
const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(null, true, 'a', '', 'long text', 0, 1, -4, 1.5),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value')),
  ),
})).value

test('compileContract() agrees with a validator that reads OpenAPI 3.0 schemas as they are', () => {
  fc.assert(
    fc.property(anySchema, fc.array(anyValue, { minLength: 1, maxLength: 8 }), (schema, values) => {
      const reference = new Ajv({ strict: false, logger: false }).compile(schema)
      const fits = fitting(schema)
      for (const value of values) assert.equal(fits(value), reference(value), JSON.stringify({ schema, value }))
    }),
    { numRuns: 60 },
  )
})

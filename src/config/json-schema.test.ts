import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { jsonSchema, openSchemaMap } from './json-schema.ts'

test('schema.json is what jsonSchema() says', () => {
  const text = readFileSync(new URL('../../schema.json', import.meta.url), 'utf8')
  // Not assert.equal: the two texts would bury the sentence.
  assert.ok(
    text === `${JSON.stringify(jsonSchema(), null, 2)}\n`,
    'schema.json is not up to date: refresh it with `npm run docs`',
  )
})

/** Every schema below this one, with a name for messages. */
function* schemas(node: unknown, at: string): Generator<readonly [string, Record<string, unknown>]> {
  if (typeof node !== 'object' || node === null) return
  // Any object may be read by its keys.
  if (!Array.isArray(node)) yield [at, node as Record<string, unknown>]
  for (const [key, child] of Object.entries(node)) yield* schemas(child, `${at}/${key}`)
}

test('jsonSchema() is strict: no map of settings takes a key that is not known', () => {
  for (const [at, schema] of schemas(jsonSchema(), '')) {
    if (schema['type'] === 'object' && schema['properties'] !== undefined)
      assert.equal(schema['additionalProperties'], false, at)
  }
})

test('jsonSchema() describes every setting, for editors and for the reference', () => {
  for (const [at, schema] of schemas(jsonSchema(), '')) {
    if (!/\/properties\/\w+$/.test(at)) continue
    assert.equal(typeof schema['description'], 'string', at)
  }
})

test('openSchemaMap() knows the keys of a place', () => {
  const map = openSchemaMap()
  assert.ok(map.keysAt([])?.includes('listen'))
  assert.deepEqual(map.keysAt(['apis', 'any', 'limits', 0]), ['name', 'per', 'allow'])
  assert.equal(map.keysAt(['apis']), null)
  assert.equal(map.keysAt(['nowhere', 3, 'x']), null)
})

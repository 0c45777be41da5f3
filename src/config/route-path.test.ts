import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { routePathKind, shapeOf } from './route-path.ts'

test('routePathKind takes literals, parameters and a rest at the end', () => {
  for (const path of [
    '/',
    '/v1/orders',
    '/v1/orders/',
    '/v1/orders/{id}',
    '/v1/{a}/x/{b_2}',
    '/{rest*}',
    '/files/{path*}',
    "/a~b/!$&'()*+,;=:@",
    '/caf%C3%A9',
    '/%25',
  ]) {
    assert.deepEqual(routePathKind.read(path), { ok: true, value: path })
  }
})

const mistakes = {
  'v1/orders': 'did you mean "/v1/orders"?',
  '/v1/**': 'did you mean "/v1/{rest*}"?',
  '/v1/*/x': 'did you mean "/v1/{name}/x"?',
  '/v1/:id': 'did you mean "/v1/{id}"?',
  '/:id/x/:id2*': 'did you mean "/{id}/x/:id2*"?',
  '/v1//orders': 'did you mean "/v1/orders"?',
  '/café': 'did you mean "/caf%C3%A9"?',
  '/a%2db': 'did you mean "/a-b"?',
  '/a%c3': 'did you mean "/a%C3"?',
  '/a b': 'did you mean "/a%20b"?',
  '/v1/{id}.json': null,
  '/v1/{rest*}/x': null,
  '/v1/{a}/{a}': null,
  '/v1/{}': null,
  '/v1/{a-b}': null,
  '/v1/../x': null,
  '/v1/%2e%2E': null,
  '/v1/a%2Fb': null,
  '/v1/a%zz': null,
  '/v1?x=1': null,
  '/v1#x': null,
  'http://x/v1': null,
  '': null,
}

test('routePathKind refuses what could never match, and knows what was meant', () => {
  for (const [path, guess] of Object.entries(mistakes)) {
    const read = routePathKind.read(path)
    assert.ok(!read.ok, path)
    assert.equal(read.faults[0]?.guess, guess, path)
    assert.notEqual(read.faults[0]?.hint, null, path)
  }
})

/** Any code unit, lone surrogates too. */
const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength })

test('routePathKind never throws, and takes a guess of its own after some corrections', () => {
  const segment = fc.oneof(anyText(5), fc.constantFrom(':id', '*', '{id}', '{rest*}', '', '.', '%41'))
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
      let path = `/${segments.join('/')}`
      for (let corrections = 0; corrections < 10; corrections++) {
        const read = routePathKind.read(path)
        const guess = read.ok ? undefined : /^did you mean "(.*)"\?$/su.exec(read.faults[0]?.guess ?? '')?.[1]
        if (guess === undefined) return
        assert.notEqual(guess, path)
        path = guess
      }
      assert.fail(`no end of guesses: ${path}`)
    }),
    { numRuns: 50 },
  )
})

test('shapeOf() forgets the names of parameters', () => {
  assert.equal(shapeOf('/v1/{id}/x'), shapeOf('/v1/{name}/x'))
  assert.equal(shapeOf('/{a*}'), shapeOf('/{b*}'))
  assert.notEqual(shapeOf('/{a*}'), shapeOf('/{a}'))
  assert.notEqual(shapeOf('/v1/{id}'), shapeOf('/v1/{id}/'))
})

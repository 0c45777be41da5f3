import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Route } from './api.ts'
import { patternAllows, patternCoverage } from './role-pattern.ts'
import type { RolePattern } from './role.ts'

function pattern(text: string): RolePattern {
  if (text === '*') return { text, methods: [], segments: ['**'] }
  const [methods = '', path = ''] = text.split(' ')
  return { text, methods: methods === '*' ? [] : methods.split(','), segments: path.slice(1).split('/') }
}

function route(text: string): Pick<Route, 'methods' | 'path'> {
  const [methods = '', path = ''] = text.split(' ')
  return { methods: methods === '*' ? [] : methods.split(','), path }
}

test('patternAllows() compares segment by segment, with * for one and ** for the rest', () => {
  const cases: readonly [string, string, boolean][] = [
    ['GET /v1/orders', 'GET /v1/orders', true],
    ['GET /v1/orders', 'GET /v1/orders/', false],
    ['GET /v1/orders', 'GET /v1/orders/1', false],
    ['GET /v1/orders/', 'GET /v1/orders/', true],
    ['GET /v1/orders', 'POST /v1/orders', false],
    ['GET /v1/orders', 'HEAD /v1/orders', true],
    ['HEAD /v1/orders', 'GET /v1/orders', false],
    ['GET,POST /v1/orders', 'POST /v1/orders', true],
    ['* /v1/orders', 'PURGE /v1/orders', true],
    ['GET /v1/orders/*', 'GET /v1/orders/1', true],
    ['GET /v1/orders/*', 'GET /v1/orders/', false],
    ['GET /v1/orders/*', 'GET /v1/orders', false],
    ['GET /v1/orders/*', 'GET /v1/orders/1/2', false],
    ['GET /v1/*/items', 'GET /v1/1/items', true],
    ['GET /v1/orders/**', 'GET /v1/orders', true],
    ['GET /v1/orders/**', 'GET /v1/orders/', true],
    ['GET /v1/orders/**', 'GET /v1/orders/1/2', true],
    ['GET /v1/orders/**', 'GET /v1/ordersX', false],
    ['GET /v1/orders/**', 'GET /v1', false],
    ['GET /V1/orders', 'GET /v1/orders', false],
    ['GET /**', 'GET /', true],
    ['GET /', 'GET /', true],
    ['GET /', 'GET /a', false],
    ['*', 'DELETE /anything/at/all', true],
  ]
  for (const [written, asked, is] of cases) {
    const [method = '', path = ''] = asked.split(' ')
    assert.equal(patternAllows(pattern(written), method, path), is, `${written} and ${asked}`)
  }
})

test('patternCoverage() knows what a route as a whole is allowed', () => {
  const cases: readonly [string, string, string][] = [
    ['GET /v1/orders/**', 'GET /v1/orders', 'all'],
    ['GET /v1/orders/**', 'GET /v1/orders/{id}', 'all'],
    ['GET /v1/orders/*', 'GET /v1/orders/{id}', 'all'],
    ['GET /v1/orders/7', 'GET /v1/orders/{id}', 'some'],
    ['GET /v1/orders/**', '* /v1/orders/{rest*}', 'some'],
    ['* /v1/orders/**', '* /v1/orders/{rest*}', 'all'],
    ['GET /v1/orders/*', 'GET /v1/{rest*}', 'some'],
    ['GET /v1/orders/**', 'GET /v1/{rest*}', 'some'],
    ['GET /v1/**', 'GET,POST /v1/orders', 'some'],
    ['POST /v1/**', 'GET /v1/orders', 'none'],
    ['HEAD /v1/**', 'GET /v1/orders', 'some'],
    ['GET /v2/**', 'GET /v1/orders', 'none'],
    ['GET /v1/*', 'GET /v1/', 'none'],
    ['GET /v1/', 'GET /v1/{id}', 'none'],
    ['*', '* /{rest*}', 'all'],
  ]
  for (const [written, template, is] of cases)
    assert.equal(patternCoverage(pattern(written), route(template)), is, `${written} and ${template}`)
})

const segment = fc.constantFrom('a', 'b')
const patternText = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'GET,POST', '*'),
    fc.array(fc.oneof(segment, fc.constant('*')), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([methods, segments, rest]) => `${methods} /${[...segments, ...(rest ? ['**'] : [])].join('/')}`)
const routeText = fc
  .tuple(
    fc.constantFrom('GET', 'POST', '*'),
    fc.array(fc.oneof(segment, fc.constant('{x}')), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([methods, segments, rest]) => `${methods} /${[...segments, ...(rest ? ['{rest*}'] : [])].join('/')}`)

/** A path and a method that the template serves. */
function served(text: string, pick: readonly number[]): { method: string; path: string } {
  const [methods = '', path = ''] = text.split(' ')
  let at = 0
  const filled = path
    .replaceAll('{x}', () => (['a', 'b', 'c'] as const)[(pick[at++] ?? 0) % 3] ?? 'a')
    .replace('{rest*}', () => ['', 'a', 'a/b', 'c/', 'b/a/c'][(pick[at++] ?? 0) % 5] ?? '')
  return { method: methods === '*' ? 'PURGE' : methods, path: filled }
}

test('patternCoverage() and patternAllows() never contradict each other', () => {
  fc.assert(
    fc.property(
      patternText,
      routeText,
      fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
      (written, template, pick) => {
        const coverage = patternCoverage(pattern(written), route(template))
        const { method, path } = served(template, pick)
        const is = patternAllows(pattern(written), method, path)
        if (coverage === 'all') assert.ok(is, `${written} covers ${template}, and refuses ${method} ${path}`)
        if (coverage === 'none') assert.ok(!is, `${written} has nothing of ${template}, and allows ${method} ${path}`)
      },
    ),
    { numRuns: 2_000 },
  )
})

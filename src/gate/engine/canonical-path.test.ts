import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { canonicalPath } from './canonical-path.ts'

function reasonOf(raw: string): string {
  const path = canonicalPath(raw)
  return typeof path === 'string' ? `accepted as ${path}` : path.reason
}

test('canonicalPath() leaves canonical paths alone', () => {
  for (const path of [
    '/',
    '/v1/orders',
    '/v1/orders/',
    '/.well-known/x',
    '/a.b/c..d/...',
    "/~a!$&'()*+,;=:@-_",
    '/%C3%A9%20%2B',
  ]) {
    assert.equal(canonicalPath(path), path)
  }
})

test('canonicalPath() decodes unreserved characters and writes escapes in upper case', () => {
  assert.equal(canonicalPath('/%61%7e%2d%5F/%c3%a9%3a'), '/a~-_/%C3%A9%3A')
  assert.equal(canonicalPath('/100%25/%2541'), '/100%25/%2541')
})

test('canonicalPath() refuses what two programs could resolve differently', () => {
  const ambiguous = [
    '//evil.test/admin',
    '/a//b',
    '/a/./b',
    '/a/..',
    '/.',
    '/public/%2e%2E/admin',
    '/public/..;x=1/admin',
    '/public/.%2e;/admin',
    '/a%2fb',
    '/a%5Cb',
    '/a\\b',
    '/a%00',
    '/a%0d%0aX',
    '/a%7f',
    '/a%252e%252e/b',
    '/a%252f',
    '/a%25252f',
    '/a%253fb',
    '/a%c0%af..',
    '/a%ff',
    '/a%c3',
  ]
  for (const raw of ambiguous) assert.equal(reasonOf(raw), 'ambiguous_path', raw)
})

test('canonicalPath() calls malformed what RFC 3986 does not allow', () => {
  for (const raw of [
    '',
    'a',
    '/%',
    '/%4',
    '/%zz',
    '/a b',
    '/é',
    '/a#b',
    '/a?b',
    '/<',
    '/a|b',
    '/{id}',
    '/a[0]',
    '/a\u0001',
  ]) {
    assert.equal(reasonOf(raw), 'malformed', raw)
  }
})

const piece = fc.oneof(
  fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2F',
    '%5c',
    '%25',
    '%252e',
    '\\',
    ';',
    '%00',
    '%c3%a9',
    'a',
    'B',
    '%41',
    '%zz',
  ),
  fc.string({ maxLength: 3 }),
)

test('canonicalPath() is idempotent, and what it gives holds nothing that decodes to a delimiter', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const path = canonicalPath(`/${pieces.join('')}`)
      if (typeof path !== 'string') return
      assert.equal(canonicalPath(path), path)
      assert.ok(!path.includes('//'))
      for (const segment of path.split('/')) assert.doesNotMatch(segment, /^\.{1,2}(?:;|$)/)
      const once = decodeURIComponent(path)
      assert.equal(once.split('/').length, path.split('/').length)
      assert.doesNotMatch(once, /[\\\0\r\n]/)
      for (const segment of once.split('/')) assert.doesNotMatch(segment, /^\.{1,2}$/)
      assert.equal(new URL(path, 'http://a.test').pathname, path)
    }),
    { numRuns: 2_000 },
  )
})

test('canonicalPath() gives one spelling to all spellings of the same path', () => {
  const character = fc.constantFrom('a', 'b', 'z', 'A', 'Z', '0', '9', '-', '_', '~')
  fc.assert(
    fc.property(
      fc.array(fc.tuple(character, fc.constantFrom('raw', 'lower', 'upper')), { minLength: 1, maxLength: 20 }),
      (spelled) => {
        const plain = spelled.map(([text]) => text).join('')
        const written = spelled.map(([text, how]) => {
          const hex = text.charCodeAt(0).toString(16).padStart(2, '0')
          return how === 'raw' ? text : `%${how === 'upper' ? hex.toUpperCase() : hex}`
        })
        assert.equal(canonicalPath(`/${written.join('')}`), `/${plain}`)
      },
    ),
  )
})

test('canonicalPath() takes time in proportion to the length', () => {
  const long = `/${'a/'.repeat(50_000)}%`
  const startMs = performance.now()
  assert.equal(reasonOf(long), 'malformed')
  assert.equal(reasonOf(`/${'.'.repeat(100_000)}\\`), 'ambiguous_path')
  assert.ok(performance.now() - startMs < 2_000)
})

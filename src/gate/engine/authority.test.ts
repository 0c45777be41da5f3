import assert from 'node:assert/strict'
import test from 'node:test'
import { createAuthorities } from './authority.ts'

test('createAuthorities() reads host and port in lower case', () => {
  const read = createAuthorities(80)
  assert.deepEqual(read('API.Example:8080'), {
    host: 'api.example',
    text: 'api.example:8080',
    canonical: 'api.example:8080',
  })
  assert.deepEqual(read('a.test'), { host: 'a.test', text: 'a.test', canonical: 'a.test:80' })
  assert.deepEqual(read('[2001:DB8::1]:80'), {
    host: '[2001:db8::1]',
    text: '[2001:db8::1]:80',
    canonical: '[2001:db8::1]:80',
  })
})

test('createAuthorities() gives null for everything else', () => {
  const read = createAuthorities(80)
  const bad = [
    '',
    ':80',
    'a:',
    'a:b',
    'a:0',
    'a:65536',
    'a:123456',
    'u@a',
    'u:p@a',
    'a b',
    'a/b',
    'a,b',
    'a%2e',
    '-a',
    '.a',
    'a..b',
    'é',
    '[::1',
    '::1',
    'a'.repeat(300),
  ]
  for (const raw of bad) assert.equal(read(raw), null, raw)
})

test('createAuthorities() forgets rather than grows', () => {
  const read = createAuthorities(80, 2)
  for (const raw of ['a', 'b', 'c', 'd', 'a']) assert.equal(read(raw)?.host, raw)
})

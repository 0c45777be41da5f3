import assert from 'node:assert/strict'
import test from 'node:test'
import { loadText } from './load-config.ts'

function load(admin: string, env: Record<string, string> = {}): ReturnType<typeof loadText> {
  const text = `version: 1\nadmin: ${admin}\napis: { a: { upstream: http://127.0.0.1:3000 } }\n`
  return loadText(text, { path: 'gatehouse.yaml', env, cores: 4, host: 'node-1' })
}

test('admin with tls may listen beyond loopback, under its names', () => {
  const read = load('{ listen: 0.0.0.0:8090, hosts: [Gatehouse.Example.com], tls: { cert: /c.pem, key: /k.pem } }')
  assert.ok(read.ok, read.ok ? '' : read.text)
  assert.deepEqual(read.config.admin, {
    host: '0.0.0.0',
    port: 8090,
    hosts: ['gatehouse.example.com'],
    tls: { cert: '/c.pem', key: '/k.pem' },
  })
})

test('admin without tls beyond loopback is refused, and told what to write', () => {
  for (const read of [load('{ listen: 10.0.0.5:8090 }'), load('{ listen: "[::]:8090", hosts: [a.example.com] }')]) {
    assert.ok(!read.ok)
    assert.deepEqual(
      read.problems.map(({ code, line, path }) => [code, line, path]),
      [['GH-C014', 2, 'admin.listen']],
    )
    assert.match(read.text, /add tls: { cert: …, key: … } below admin/)
  }
})

test('admin beyond loopback by an environment variable does not show its value', () => {
  const read = load('{ listen: env:WHERE }', { WHERE: '10.66.77.88:9999' })
  assert.ok(!read.ok)
  assert.doesNotMatch(read.text, /10\.66|9999/)
})

test('admin.tls takes paths and not what is in them', () => {
  const read = load('{ tls: { cert: "-----BEGIN CERTIFICATE-----", key: /k.pem } }')
  assert.ok(!read.ok)
  assert.match(read.text, /write its path without file:/)
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { loadText } from './load-config.ts'

/** The sentences of all warnings about a file that is right. */
function warningsOf(text: string): readonly string[] {
  const read = loadText(`version: 1\n${text}`, { path: 'gatehouse.yaml', env: {}, cores: 2 })
  assert.ok(read.ok, read.ok ? '' : read.text)
  return [...read.warnings.matchAll(/^warning\[GH-W\d+\]: (.*)$/gm)].map((match) => match[1] ?? '')
}

const limited = 'limits: [{ name: a, per: ip, allow: 1/s }]'

test('advice() is silent about an enforcing, limited, local gateway', () => {
  assert.deepEqual(warningsOf(`apis: { a: { upstream: http://a, ${limited} } }`), [])
})

test('advice() names the APIs that are only observed, once for the file and once for each that says so itself', () => {
  const apis = `apis: { a: { upstream: http://a, hosts: [a], ${limited} }, b: { upstream: http://b, hosts: [b], mode: observe, ${limited} }, c: { upstream: http://c, hosts: [c], mode: enforce, ${limited} } }`
  assert.deepEqual(warningsOf(`mode: observe\n${apis}`), [
    'observe mode: nothing is refused for "a"',
    'observe mode: nothing is refused for "b"',
  ])
  assert.deepEqual(warningsOf(apis), ['observe mode: nothing is refused for "b"'])
})

test('advice() warns of keys on an open wire', () => {
  const said = warningsOf(
    `listen: [127.0.0.1:80, 0.0.0.0:81, '[::]:82']\napis: { a: { upstream: http://a, ${limited} } }`,
  )
  assert.deepEqual(said, [
    '0.0.0.0:81 is reachable from other machines, without TLS: keys can be read on the way',
    '[::]:82 is reachable from other machines, without TLS: keys can be read on the way',
  ])
})

test('advice() warns of an API without limits, and of limits that never see whom they count', () => {
  assert.deepEqual(warningsOf('apis: { a: { upstream: http://a } }'), [
    'the API "a" has no limits: one caller may use it up',
  ])
  const perConsumer = 'limits: [{ name: a, per: consumer, allow: 1/s }]'
  const unseen = 'nobody is identified here (auth: none), so this limit counts by address, not by consumer'
  assert.deepEqual(warningsOf(`apis: { a: { upstream: http://a, auth: none, ${perConsumer} } }`), [unseen])
  assert.deepEqual(
    warningsOf(`apis: { a: { upstream: http://a, routes: [{ path: /a, auth: none, ${perConsumer} }, { path: /b }] } }`),
    [unseen],
  )
  assert.deepEqual(
    warningsOf(`apis: { a: { upstream: http://a, ${perConsumer}, routes: [{ path: /a, auth: none }, { path: /b }] } }`),
    [],
  )
})

test('advice() warns of trusting everyone', () => {
  const said = warningsOf(
    `trustedHops: [10.0.0.0/8, 0.0.0.0/0, '::/0']\napis: { a: { upstream: http://a, ${limited} } }`,
  )
  assert.equal(said.filter((text) => text.startsWith('whoever calls may claim any address')).length, 2)
})

function beside(rest: string): string {
  return `apis: { a: { upstream: http://a, ${limited}, routes: [{ path: /admin, scopes: [admin] }, ${rest}] } }`
}

test('advice() warns of a route that takes every other spelling of a stricter one', () => {
  const said = `what "/admin" asks for, this route does not: another spelling of that path (a trailing slash, capitals, ';x') is served here`
  assert.deepEqual(warningsOf(beside("{ path: '/{rest*}' }")), [said])
  assert.deepEqual(warningsOf(beside("{ path: '/{rest*}', auth: none }")), [said])
  assert.deepEqual(warningsOf(beside("{ path: '/{rest*}', scopes: [admin, more] }")), [])
  assert.deepEqual(warningsOf(beside('{ path: /orders }')), [])
})

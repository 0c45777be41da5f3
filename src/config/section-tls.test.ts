import assert from 'node:assert/strict'
import test from 'node:test'
import type { Config } from './compose.ts'
import { loadText } from './load-config.ts'

const head = 'version: 1\n'
const apis = 'apis: { orders: { upstream: https://orders.internal } }\n'

function configOf(text: string): Config {
  const read = loadText(head + text, { path: 'gatehouse.yaml', env: {}, cores: 2 })
  assert.ok(read.ok, read.ok ? '' : read.text)
  return read.config
}

function faultsOf(text: string): string[] {
  const read = loadText(head + text, { path: 'gatehouse.yaml', env: {}, cores: 2 })
  assert.ok(!read.ok)
  return read.problems.map(({ code, path, message, hint }) => `${code} ${path}: ${message} (${hint ?? ''})`)
}

test('tls: takes the paths of its files, and asks for certificates where somebody vouches for them', () => {
  assert.equal(configOf(apis).gate.tls, null)
  const least = configOf(`tls: { cert: a.crt, key: a.key }\n${apis}`).gate.tls
  assert.deepEqual(least, {
    listen: { host: '127.0.0.1', port: 8443 },
    cert: 'a.crt',
    key: 'a.key',
    minVersion: 'TLSv1.2',
    clientCa: null,
    clientCert: 'none',
    isDevelopment: false,
  })
  const all = configOf(
    `tls: { listen: 0.0.0.0:443, cert: a, key: b, min: 1.3, clientCa: c, clientCert: required }\n${apis}`,
  )
  const { listen, minVersion, clientCa, clientCert } = all.gate.tls ?? {}
  assert.deepEqual([listen?.port, minVersion, clientCa, clientCert], [443, 'TLSv1.3', 'c', 'required'])
  assert.equal(configOf(`tls: { cert: a, key: b, clientCa: c }\n${apis}`).gate.tls?.clientCert, 'optional')
  assert.equal(configOf(`tls: { cert: a, key: b, clientCa: c, clientCert: none }\n${apis}`).gate.tls?.clientCa, null)
})

test('tls: tells what is missing, contradicts itself, or is the content of a file', () => {
  for (const [text, fault] of [
    ['tls: { cert: a }', /^GH-C005 tls\.key/],
    ['tls: { cert: a, key: b, min: 1.1 }', /^GH-C007 tls\.min: .*before 1\.2 is broken/],
    ['tls: { cert: a, key: b, clientCert: required }', /^GH-C014 tls\.clientCert: .*clientCa: \//],
    ['tls: { cert: "-----BEGIN CERTIFICATE-----", key: b }', /^GH-C008 tls\.cert: .*without file:/],
    ['tls: { cert: a, key: b, listen: 127.0.0.1:8080 }', /^GH-C015 tls\.listen: .*taken by/],
    ['tls: { cert: a, key: b, listen: 127.0.0.1:8090 }', /^GH-C015 tls\.listen: .*the admin API/],
  ] as const)
    assert.match(faultsOf(`${text}\n${apis}`).join('\n'), fault, text)
})

test('upstreamTls: goes with each upstream by TLS of its API', () => {
  const { apis: found } = configOf(
    `apis: { orders: { upstreams: [https://a, http://b], upstreamTls: { ca: ca.crt, serverName: ORDERS.internal } } }\n`,
  ).policy
  assert.deepEqual(
    found[0]?.upstreams.map(({ tls }) => tls),
    [{ ca: 'ca.crt', cert: null, key: null, serverName: 'orders.internal' }, null],
  )
  for (const [text, fault] of [
    ['{ cert: a }', /^GH-C014 apis\.orders\.upstreamTls\.cert: .*without key/],
    ['{ serverName: "[::1]" }', /^GH-C008 .*serverName: .*is an address/],
  ] as const)
    assert.match(faultsOf(`apis: { orders: { upstream: https://a, upstreamTls: ${text} } }\n`).join('\n'), fault)
})

test('auth: takes one way, a list of ways, or none alone, and each way must be possible', () => {
  const both = `oauth: { issuer: https://id.test, audience: a }\ntls: { cert: a, key: b, clientCa: c }\n`
  const authOf = (auth: string): unknown =>
    configOf(`${both}apis: { orders: { upstream: http://a, auth: ${auth} } }\n`).policy.apis[0]?.routes[0]?.auth
  assert.deepEqual(authOf('oauth'), ['oauth'])
  assert.deepEqual(authOf('[mtls, api-key, oauth]'), ['api-key', 'oauth', 'mtls'])
  assert.deepEqual(authOf('none'), [])
  for (const [auth, fault] of [
    ['[api-key, none]', /^GH-C014 apis\.orders\.auth: .*none beside others/],
    ['[]', /^GH-C009 apis\.orders\.auth: .*empty list/],
    ['[api-key, ouath]', /^GH-C007 apis\.orders\.auth: .*did you mean "oauth"/],
    ['oauth', /^GH-C014 apis\.orders\.auth: .*no issuer of tokens/],
    ['mtls', /^GH-C014 apis\.orders\.auth: .*no authority of clients/],
  ] as const)
    assert.match(faultsOf(`apis: { orders: { upstream: http://a, auth: ${auth} } }\n`).join('\n'), fault, auth)
})

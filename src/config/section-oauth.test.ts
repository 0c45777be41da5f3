import assert from 'node:assert/strict'
import test from 'node:test'
import type { TokenIssuer } from '../core/mod.ts'
import { loadText } from './load-config.ts'

const rest = 'version: 1\napis: { orders: { upstream: http://127.0.0.1:3000 } }\n'

function issuersOf(oauth: string): readonly TokenIssuer[] {
  const read = loadText(`${rest}oauth: ${oauth}\n`, { path: 'gatehouse.yaml', env: {}, cores: 2 })
  assert.ok(read.ok, read.ok ? '' : read.text)
  return read.config.policy.issuers
}

function faultsOf(oauth: string): string {
  const read = loadText(`${rest}oauth: ${oauth}\n`, { path: 'gatehouse.yaml', env: {}, cores: 2 })
  assert.ok(!read.ok, oauth)
  return read.problems.map(({ code, path, message, hint }) => `${code} ${path}: ${message} (${hint ?? ''})`).join('\n')
}

test('oauth: takes one issuer without a name, or several under theirs', () => {
  assert.deepEqual(issuersOf('{ issuer: https://id.test/, audience: orders-api }'), [
    {
      name: 'default',
      issuer: 'https://id.test/',
      audiences: ['orders-api'],
      algorithms: ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'PS256', 'RS256'],
      jwksUrl: null,
      clockSkewMs: 5_000,
      ageMsMax: 86_400_000,
      scopesClaim: 'scope',
      acr: [],
      denied: [],
    },
  ])
  const [one, other] = issuersOf(
    `{ issuers: { a: { issuer: https://a.test, audience: [x, 'https://y'], algorithms: [RS256], jwks: https://a.test/keys, clockSkew: 1s, ageMax: 1h, scopesClaim: scp, acr: [phr], deny: ['sub:user 1'] }, b: { issuer: http://127.0.0.1:9000, audience: x } } }`,
  )
  assert.deepEqual([one?.name, one?.audiences, one?.algorithms], ['a', ['x', 'https://y'], ['RS256']])
  assert.deepEqual([one?.jwksUrl, one?.ageMsMax, one?.scopesClaim], ['https://a.test/keys', 3_600_000, 'scp'])
  assert.deepEqual([one?.acr, one?.denied], [['phr'], ['sub:user 1']])
  assert.equal(other?.issuer, 'http://127.0.0.1:9000')
})

test('oauth: tells what is missing, contradicts itself, or would be asked without TLS', () => {
  const audience = 'audience: x'
  for (const [oauth, fault] of [
    ['{ issuer: https://a.test }', /^GH-C005 oauth\.audience/],
    ['{ clockSkew: 1s }', /^GH-C005 oauth\.issuer/],
    [
      `{ issuer: http://id.example.com, ${audience} }`,
      /^GH-C014 oauth\.issuer: .*tests and development on this machine/,
    ],
    [`{ issuer: https://a.test, ${audience}, jwks: http://a.test/keys }`, /^GH-C014 oauth\.jwks/],
    [`{ issuer: id.example.com, ${audience} }`, /^GH-C008 oauth\.issuer: .*write https:\/\/id\.example\.com/],
    [`{ issuer: 'https://a.test?x', ${audience} }`, /^GH-C008 oauth\.issuer/],
    [`{ issuer: https://a.test, ${audience}, algorithms: [HS256] }`, /^GH-C007 oauth\.algorithms\.0/],
    [`{ issuer: https://a.test, ${audience}, algorithms: [none] }`, /^GH-C007 oauth\.algorithms\.0/],
    [`{ issuer: https://a.test, ${audience}, ageMax: 31d }`, /^GH-C009 oauth\.ageMax/],
    [`{ issuer: https://a.test, ${audience}, deny: ['user-1'] }`, /^GH-C008 oauth\.deny\.0/],
    [`{ issuers: { a: { issuer: https://a.test } } }`, /^GH-C005 oauth\.issuers\.a\.audience/],
    [
      `{ issuer: https://a.test, ${audience}, issuers: { a: { issuer: https://b.test, ${audience} } } }`,
      /^GH-C014 .*beside issuers/,
    ],
    [`{ issuers: { A: { issuer: https://a.test, ${audience} } } }`, /^GH-C008 oauth\.issuers\.A: .*did you mean "a"/],
    [
      `{ issuers: { a: { issuer: https://a.test, ${audience} }, b: { issuer: https://a.test, ${audience} } } }`,
      /^GH-C011 oauth\.issuers\.b\.issuer: .*same issuer/,
    ],
  ] as const)
    assert.match(faultsOf(oauth), fault, oauth)
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { openSchemaMap } from './json-schema.ts'
import { type LoadedConfig, loadText } from './load-config.ts'
import { variableOf } from './overrides.ts'
import type { Environment } from './references.ts'

const load = (text: string, env: Environment): LoadedConfig => loadText(text, { path: 'gatehouse.yaml', env, cores: 2 })

const file = `version: 1
apis:
  my-api:
    upstream: http://127.0.0.1:3000
    limits: [{ name: all, per: ip, allow: 10/s }]
`

/** With the sections of which one member alone is none. */
const whole = `${file}    openapi: { file: orders.yaml }
tls: { cert: a.crt, key: a.key }
admin: { tls: { cert: a.crt, key: a.key } }
oauth: { issuer: https://id.example.com, audience: orders-api }
`

test('variableOf() names the variable of a setting', () => {
  assert.equal(variableOf(['connections', 'urlMax']), 'GATEHOUSE_CONNECTIONS_URL_MAX')
  assert.equal(variableOf(['connections', 'perIpMax']), 'GATEHOUSE_CONNECTIONS_PER_IP_MAX')
  assert.equal(variableOf(['apis', 'my-api', 'timeouts', 'connect']), 'GATEHOUSE_APIS_MY_API_TIMEOUTS_CONNECT')
})

test('a variable takes the place of the scalar that it names', () => {
  const read = load(file, {
    GATEHOUSE_LISTEN: '127.0.0.1:9000',
    GATEHOUSE_ADMIN_LISTEN: '127.0.0.1:9001',
    GATEHOUSE_THREADS: '7',
    GATEHOUSE_NODE: 'gate-7',
    GATEHOUSE_MODE: 'observe',
    GATEHOUSE_LEDGER_WAIT: '3s',
    GATEHOUSE_LIMITS_HEADERS: 'false',
    GATEHOUSE_APIS_MY_API_UPSTREAM: 'http://10.0.0.1:80',
    GATEHOUSE_APIS_MY_API_CONNECTIONS: '5',
    GATEHOUSE_DATA: '',
  })
  assert.ok(read.ok, read.ok ? '' : read.text)
  const { gate, admin, policy } = read.config
  assert.deepEqual(gate, {
    node: 'gate-7',
    listeners: [{ host: '127.0.0.1', port: 9000 }],
    threads: 7,
    engine: 'strict',
    dataDir: './gatehouse-data',
    tls: null,
  })
  assert.deepEqual([admin.port, policy.ledger.waitMs, policy.rateLimitHeaders], [9001, 3000, false])
  assert.deepEqual(
    [policy.apis[0]?.mode, policy.apis[0]?.upstreams[0]?.url, policy.apis[0]?.upstreams[0]?.connectionsMax],
    ['observe', 'http://10.0.0.1', 5],
  )
})

test('every scalar can be overridden, and a wrong value names its variable', () => {
  for (const path of openSchemaMap().scalars(['my-api'])) {
    const name = variableOf(path)
    const read = load(whole, { [name]: '\n not a value \n' })
    if (name === 'GATEHOUSE_DATA') continue // any text is the name of a folder
    assert.ok(!read.ok, name)
    assert.deepEqual(
      read.problems.map(({ origin, line }) => [origin, line]),
      [[`environment variable ${name}`, null]],
    )
  }
})

test('a variable that overrides nothing is told of, with the one that was perhaps meant', () => {
  const read = load(file, {
    GATEHOUSE_LISTNE: '127.0.0.1:1',
    GATEHOUSE_VECTORS: '/x',
    GATEHOUSE_TOKEN: 'x',
    OTHER: 'x',
  })
  assert.ok(read.ok)
  assert.equal(
    read.warnings,
    'warning[GH-W005]: GATEHOUSE_LISTNE overrides nothing: there is no such setting\n  --> environment variable GATEHOUSE_LISTNE\n    = did you mean "GATEHOUSE_LISTEN"?\n',
  )
})

test('a variable to which the file refers is no mistaken override', () => {
  const read = load(file.replace('http://127.0.0.1:3000', 'env:GATEHOUSE_MY_UPSTREAM'), {
    GATEHOUSE_MY_UPSTREAM: 'http://x',
  })
  assert.ok(read.ok)
  assert.deepEqual([read.warnings, read.config.policy.apis[0]?.upstreams[0]?.url], ['', 'http://x'])
})

test('env: and file: stand for their values, at any place', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-config-'))
  try {
    writeFileSync(join(dir, 'upstream'), 'http://10.0.0.9:81\n')
    const read = load(
      `version: env:VERSION\nthreads: env:THREADS\napis: { a: { upstream: 'file:${join(dir, 'upstream')}', hosts: [env:HOST], scopes: [env:SCOPE] } }`,
      {
        VERSION: '1',
        THREADS: '3',
        HOST: 'a.example.com',
        SCOPE: 'orders:read',
      },
    )
    assert.ok(read.ok, read.ok ? '' : read.text)
    const [api] = read.config.policy.apis
    assert.deepEqual(
      [read.config.gate.threads, api?.upstreams[0]?.url, api?.hosts, api?.routes[0]?.scopes],
      [3, 'http://10.0.0.9:81', ['a.example.com'], ['orders:read']],
    )
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test('a reference that cannot be resolved is a problem, never an empty text', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-config-'))
  try {
    writeFileSync(join(dir, 'empty'), '\n')
    writeFileSync(join(dir, 'large'), 'x'.repeat(65_537))
    const cases = {
      'env:NOT_SET': 'the environment variable NOT_SET is not set',
      'env:EMPTY': 'the environment variable EMPTY is empty',
      'env:NOT SET': 'env: is not followed by the name of a variable',
      'env:toString': 'the environment variable toString is not set',
      'file:relative': 'file: is not followed by an absolute path',
      [`file:${dir}`]: `${dir} is not a file`,
      [`file:${dir}/none`]: `the file ${dir}/none does not exist`,
      [`file:${dir}/empty`]: `${dir}/empty is empty`,
      [`file:${dir}/large`]: `${dir}/large is larger than 64kb`,
    }
    for (const [reference, message] of Object.entries(cases)) {
      const read = load(file.replace('http://127.0.0.1:3000', `'${reference}'`), { EMPTY: '' })
      assert.ok(!read.ok, reference)
      assert.deepEqual(
        read.problems.map((problem) => [problem.code, problem.message, problem.line]),
        [['GH-C010', message, 4]],
      )
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

/** A value in each kind of place, and in several where two are compared. */
const places = (value: string): string => `version: ${value}
mode: ${value}
listen: [${value}, ${value}]
admin: { listen: ${value} }
data: ${value}
threads: ${value}
trustedHops: [${value}]
connections: { urlMax: ${value}, requestTimeout: ${value}, max: ${value} }
limits: { headers: ${value} }
apis:
  a:
    upstream: ${value}
    hosts: [${value}]
    auth: ${value}
    scopes: [${value}]
    limits: [{ name: ${value}, per: ip, allow: ${value} }, { name: ${value}, per: ip, allow: 1/s }, { name: ${value}, per: ip, allow: 2/s }]
    routes: [{ path: ${value}, methods: [${value}] }, { path: ${value}, methods: [${value}] }, { path: /x, methods: [${value}] }, { path: /x, methods: [${value}] }]
  b: { upstream: ${value}, hosts: [${value}], routes: [{ path: ${value} }, { path: /x, methods: [${value}] }] }
  c: ${value}
`

test('no message holds a value that came from a variable or a file', () => {
  const secret = fc.oneof(
    fc.constantFrom(
      'S3CRETVALUE',
      '600/SEcRETx',
      '/sec/ret//x',
      'sec ret words',
      'https://joe:s3cret@h0st/x',
      '0.0.0.0:64999',
      '10.77.66.55/8',
      '64777 KiB',
      'SECRET.example.com:80',
      'enforced-secret',
      '64999',
    ),
    fc.stringMatching(/^[A-Za-z0-9 /:.@*{}-]{8,30}$/),
  )
  fc.assert(
    fc.property(secret, (value) => {
      const words = value.split(/[^A-Za-z0-9]+/).filter((word) => word.length > 4)
      for (const read of [
        load(places('env:HIDDEN'), { HIDDEN: value }),
        load(places('x'), { GATEHOUSE_LISTEN: value, GATEHOUSE_APIS_A_UPSTREAM: value, GATEHOUSE_MODE: value }),
      ]) {
        assert.ok(!read.ok)
        const said = `${read.text}${JSON.stringify(read.problems)}`.toLowerCase()
        for (const word of words)
          if (!/^(?:https|words|example)$/i.test(word))
            assert.ok(!said.includes(word.toLowerCase()), `${word} in ${said}`)
      }
    }),
    { numRuns: 60 },
  )
})

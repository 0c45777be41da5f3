import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { poolRulesDefault } from '../core/mod.ts'
import type { Config } from './compose.ts'
import { configFor, loadConfig, type LoadedConfig, loadText } from './load-config.ts'
import type { Environment } from './references.ts'

const load = (text: string, env: Environment = {}): LoadedConfig =>
  loadText(text, { path: 'gatehouse.yaml', env, cores: 4, host: 'gate one' })

function configOf(read: LoadedConfig): Config {
  assert.ok(read.ok, read.ok ? '' : read.text)
  return read.config
}

const minimal = `
version: 1
apis:
  orders:
    upstream: http://127.0.0.1:3000
`

test('loadConfig() completes a minimal file with every default', () => {
  const everything = {
    id: '/{rest*}',
    methods: [],
    path: '/{rest*}',
    auth: ['api-key'],
    scopes: [],
    limits: [],
    bodyBytesMax: 10_485_760,
    deadlineMs: 60_000,
    facts: 1,
  }
  const upstream = {
    url: 'http://127.0.0.1:3000',
    tls: null,
    connectMs: 5000,
    headersMs: 30_000,
    idleMs: 30_000,
    connectionsMax: 128,
  }
  assert.deepEqual(configOf(load(minimal)), {
    gate: {
      node: 'gate-one',
      listeners: [{ host: '127.0.0.1', port: 8080 }],
      dataDir: './gatehouse-data',
      threads: 3,
      engine: 'strict',
      tls: null,
    },
    admin: { host: '127.0.0.1', port: 8090, hosts: [], tls: null },
    outbound: { allow: [] },
    keys: { ageMsMax: 90 * 86_400_000, remindMs: [30, 14, 7, 1].map((days) => days * 86_400_000) },
    sinks: [],
    reviews: [
      {
        name: 'daily',
        cron: '30 7 * * *',
        timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
        period: 'day',
        sample: 25,
        dueMs: 86_400_000,
        signers: [],
      },
    ],
    query: { keepMs: 30 * 86_400_000, bytesMax: 10 * 1024 ** 3, memoryBytesMax: 256 * 1024 ** 2 },
    detect: {
      failures: { limit: 20, windowMs: 60_000 },
      refusals: { limit: 10, windowMs: 300_000 },
      probing: { limit: 20, windowMs: 60_000 },
      spikes: true,
    },
    alerts: { targets: [], to: [], severityMin: 'medium' },
    witness: { policy: null, everyMs: 60_000 },
    policy: {
      apis: [
        {
          name: 'orders',
          hosts: [],
          mode: 'enforce',
          networks: { allow: [], deny: [] },
          signatures: 'observe',
          durability: 'durable',
          upstreams: [upstream],
          pool: poolRulesDefault,
          contract: null,
          json: {
            depthMax: 128,
            membersMax: null,
            stringBytesMax: null,
            duplicateKeys: 'allow',
            protoKeys: 'allow',
            bodyBytesMax: 1_048_576,
            larger: 'allow',
          },
          routes: [everything],
        },
      ],
      trustedHops: [],
      issuers: [],
      roles: null,
      connections: {
        urlBytesMax: 8192,
        headerBytesMax: 16_384,
        headersMax: 100,
        headersMs: 10_000,
        requestMs: 30_000,
        keepAliveMs: 5000,
        requestsPerConnectionMax: 1000,
        connectionsMax: 10_000,
        connectionsPerIpMax: 1000,
        clientIdleMs: 30_000,
      },
      ledger: {
        ringBytes: 8_388_608,
        paceMs: 0.25,
        flushMs: 25,
        waitMs: 2000,
        holdBytesMax: 65_536,
        stallMs: 30_000,
      },
      limitKeysMax: 100_000,
      rateLimitHeaders: true,
    },
  })
})

test('loadConfig() leaves one core to the ledger and paces it by the cores', () => {
  for (const [cores, threads, paceMs] of [
    [1, 1, 0.5],
    [2, 1, 0.5],
    [3, 2, 0.25],
    [16, 15, 0.25],
  ] as const) {
    const { gate, policy } = configOf(loadText(minimal, { path: 'gatehouse.yaml', env: {}, cores }))
    assert.deepEqual([gate.threads, policy.ledger.paceMs], [threads, paceMs])
  }
})

test('loadConfig() lays what an API says down to its routes', () => {
  const { apis } = configOf(
    load(`
version: 1
mode: observe
apis:
  orders:
    hosts: [API.example.com]
    upstreams: [http://a:3000/base/, https://b]
    mode: enforce
    durability: buffered
    scopes: [orders]
    limits: [{ name: all, per: consumer, allow: 600/m }]
    body: { max: 1mb }
    timeouts: { total: 5s }
    routes:
      - { path: '/v1/{id}', methods: [GET, HEAD, GET], scopes: [read, orders], limits: [{ name: few, per: ip, allow: 50/10s }, { name: all, per: consumer, allow: 600/m }] }
      - { path: /login, auth: none, body: { max: 4kb }, timeouts: { total: 250ms } }
`),
  ).policy
  const all = { name: 'all', per: 'consumer', limit: 600, windowMs: 60_000 }
  const [api] = apis
  assert.deepEqual(
    api?.upstreams.map(({ url }) => url),
    ['http://a:3000/base', 'https://b'],
  )
  assert.deepEqual([api?.hosts, api?.mode, api?.durability], [['api.example.com'], 'enforce', 'buffered'])
  assert.deepEqual(api?.routes, [
    {
      id: 'GET,HEAD /v1/{id}',
      methods: ['GET', 'HEAD'],
      path: '/v1/{id}',
      auth: ['api-key'],
      scopes: ['orders', 'read'],
      limits: [all, { name: 'few', per: 'ip', limit: 50, windowMs: 10_000 }],
      bodyBytesMax: 1_048_576,
      deadlineMs: 5000,
      facts: 1,
    },
    {
      id: '/login',
      methods: [],
      path: '/login',
      auth: [],
      scopes: [],
      limits: [all],
      bodyBytesMax: 4096,
      deadlineMs: 250,
      facts: 1,
    },
  ])
})

test('loadConfig() waits for header fields no longer than for the whole request', () => {
  const { connections } = configOf(load(`${minimal}\nconnections: { requestTimeout: 3s }`)).policy
  assert.deepEqual([connections.headersMs, connections.requestMs], [3000, 3000])
})

const tenMistakes = `version: 1
mode: enforced
listen: 127.0.0.1
connections: { requestTimeout: 30, urlMax: 8 KiB }
legder: { wait: 2s }
apis:
  orders:
    upstream: env:ORDERS_URLL
    auth: apikey
    limits:
      - { name: per-consumer, per: consumer, allow: 600/min }
    routes:
      - { path: /v1/orders, methods: [get] }
      - { path: '/v1/orders/:id', scopes: [orders:read] }
`

const tenAnswers = `error[GH-C007]: "enforced" is not one of observe, enforce
  --> gatehouse.yaml:2:7  (mode)
    |
  2 | mode: enforced
    |       ^^^^^^^^ did you mean "enforce"?

error[GH-C008]: "127.0.0.1" is not an address to listen on
  --> gatehouse.yaml:3:9  (listen)
    |
  3 | listen: 127.0.0.1
    |         ^^^^^^^^^ did you mean "127.0.0.1:8080"?

error[GH-C006]: 30 is not a duration
  --> gatehouse.yaml:4:32  (connections.requestTimeout)
    |
  4 | connections: { requestTimeout: 30, urlMax: 8 KiB }
    |                                ^^ did you mean "30s"?

error[GH-C008]: "8 KiB" is not a size
  --> gatehouse.yaml:4:44  (connections.urlMax)
    |
  4 | connections: { requestTimeout: 30, urlMax: 8 KiB }
    |                                            ^^^^^ did you mean "8kb"?

error[GH-C004]: "legder" is not a key that is known at the top
  --> gatehouse.yaml:5:1  (legder)
    |
  5 | legder: { wait: 2s }
    | ^^^^^^ did you mean "ledger"?

error[GH-C010]: the environment variable ORDERS_URLL is not set
  --> gatehouse.yaml:8:15  (apis.orders.upstream)
    |
  8 |     upstream: env:ORDERS_URLL
    |               ^^^^^^^^^^^^^^^ did you mean "ORDERS_URL"?

error[GH-C007]: "apikey" is not one of api-key, oauth, mtls, none
  --> gatehouse.yaml:9:11  (apis.orders.auth)
    |
  9 |     auth: apikey
    |           ^^^^^^ did you mean "api-key"?

error[GH-C008]: "600/min" is not a rate
  --> gatehouse.yaml:11:53  (apis.orders.limits.0.allow)
    |
 11 |       - { name: per-consumer, per: consumer, allow: 600/min }
    |                                                     ^^^^^^^ did you mean "600/m"?

error[GH-C008]: "get" is not a method
  --> gatehouse.yaml:13:39  (apis.orders.routes.0.methods.0)
    |
 13 |       - { path: /v1/orders, methods: [get] }
    |                                       ^^^ did you mean "GET"?

error[GH-C008]: "/v1/orders/:id" has a parameter that is not in braces
  --> gatehouse.yaml:14:17  (apis.orders.routes.1.path)
    |
 14 |       - { path: '/v1/orders/:id', scopes: [orders:read] }
    |                 ^^^^^^^^^^^^^^^^ did you mean "/v1/orders/{id}"?

10 problems in gatehouse.yaml. Nothing was changed; a running configuration stays in force.
`

test('loadConfig() tells ten mistakes at once, each with its line and its remedy', () => {
  const read = load(tenMistakes, { ORDERS_URL: 'http://127.0.0.1:3000' })
  assert.ok(!read.ok)
  assert.equal(read.text, tenAnswers)
  assert.equal(read.problems.length, 10)
  assert.deepEqual(read.problems[5], {
    code: 'GH-C010',
    message: 'the environment variable ORDERS_URLL is not set',
    path: 'apis.orders.upstream',
    line: 8,
    column: 15,
    columnEnd: 30,
    origin: null,
    hint: 'did you mean "ORDERS_URL"?',
  })
})

/** Files with one mistake: what is said, where, and what to do. */
const single: readonly (readonly [string, string, string])[] = [
  ['', 'GH-C006', 'the file says nothing'],
  ['- a\n', 'GH-C006', 'the file is a list where a map of keys is expected'],
  ['a: b: c\n', 'GH-C002', 'not valid YAML: nested mappings are not allowed in compact mappings'],
  ['version: 1\napis: { a: { upstream: ${ORDERS} } }\n', 'GH-C002', 'not valid YAML: ${…} is not expanded here'],
  ['version: 1\napis:\n  a:\n    upstream: ${ORDERS}\n', 'GH-C010', '${…} is not expanded here'],
  ['version: 1\n---\nversion: 1\n', 'GH-C002', 'not valid YAML: the file holds several documents'],
  [`${minimal}\nmode: observe\nmode: enforce\n`, 'GH-C003', 'the key "mode" stands here a second time'],
  [`${minimal}    burst: 3\n`, 'GH-C004', '"burst" is not a key that is known in apis.orders'],
  [minimal.replace('1', '2'), 'GH-C007', '2 is not a version that this Gatehouse knows'],
  ['apis: { a: { upstream: http://127.0.0.1:3000 } }', 'GH-C005', '"version" is missing'],
  ['version: 1\n', 'GH-C005', '"apis" is missing'],
  ['version: 1\napis: {}\n', 'GH-C005', 'there is no API'],
  ['version: 1\napis:\n', 'GH-C006', '"apis" has nothing in it'],
  ['version: 1\napis: { a: {} }\n', 'GH-C005', 'the API "a" has no upstream'],
  ['version: 1\napis: { a: null }\n', 'GH-C006', '"a" has nothing in it'],
  ['version: 1\napis: { a: http://x }\n', 'GH-C006', '"http://x" stands where a map of keys is expected'],
  [minimal.replace('orders:', 'My_Orders:'), 'GH-C008', '"My_Orders" is not a name for an API'],
  [minimal.replace('orders:', '__proto__:'), 'GH-C008', '"__proto__" is not a name for an API'],
  [minimal.replace('http://', 'ftp://'), 'GH-C008', '"ftp://127.0.0.1:3000" is not an http or https URL'],
  [minimal.replace('http://', ''), 'GH-C008', '"127.0.0.1:3000" is not a URL'],
  [
    minimal.replace('http://', 'http://me:hunter2@'),
    'GH-C008',
    '"http://**********@127.0.0.1:3000" has a user name or a password in it',
  ],
  [`${minimal}    limits: { name: a }\n`, 'GH-C006', 'a map of keys stands where a list is expected'],
  [`${minimal}    limits: [{ name: a, per: ip }]\n`, 'GH-C005', '"allow" is missing'],
  [`${minimal}    limits: [{ name: a, per: ip, allow: 0/s }]\n`, 'GH-C009', '"0/s" admits nothing'],
  [
    `${minimal}    limits: [{ name: 'a b', per: ip, allow: 1/s }]\n`,
    'GH-C008',
    '"a b" is not a name of letters, digits, dots, - and _',
  ],
  [`${minimal}    hosts: ['*.example.com']\n`, 'GH-C008', '"*.example.com" has a wildcard'],
  [`${minimal}    routes: []\n`, 'GH-C009', 'apis.orders.routes is an empty list'],
  [`${minimal}    routes: [{ methods: [GET] }]\n`, 'GH-C005', '"path" is missing'],
  [`${minimal}    connections: 0\n`, 'GH-C009', '0 is too small'],
  [`${minimal}    connections: '128'\n`, 'GH-C006', '"128" is not a whole number'],
  [`${minimal}    timeouts: { total: 2d }\n`, 'GH-C009', '"2d" is too long'],
  [`${minimal}ledger: { ring: 6mb }\n`, 'GH-C008', '"6mb" is not a power of two'],
  [`${minimal}limits: { headers: yes }\n`, 'GH-C006', '"yes" is not true or false'],
  [
    `${minimal}admin: { listen: 0.0.0.0:8090 }\n`,
    'GH-C014',
    '"0.0.0.0:8090" is reachable from other machines, and the admin API has no TLS',
  ],
  [`${minimal}trustedHops: [10.1.2.3/8]\n`, 'GH-C008', '"10.1.2.3/8" has bits behind its mask'],
  [`${minimal}data: !path x\n`, 'GH-C002', 'this YAML is not understood: Unresolved tag: !path'],
  [`${minimal}data: *nowhere\n`, 'GH-C002', 'no anchor &nowhere stands before this'],
  [`${minimal}data: ${'['.repeat(40)}${']'.repeat(40)}\n`, 'GH-C016', 'this is nested deeper than 32 levels'],
  [
    `a: &a [${'x, '.repeat(300)}]\nb: &b [${'*a, '.repeat(300)}]\nc: [${'*b, '.repeat(300)}]\n`,
    'GH-C016',
    'the file has more than 50000 values',
  ],
]

test('loadConfig() has one clear sentence, at a line, for each single mistake', () => {
  for (const [text, code, message] of single) {
    const read = load(text)
    assert.ok(!read.ok, text)
    assert.deepEqual(
      read.problems.map((problem) => [problem.code, problem.message]),
      [[code, message]],
      text,
    )
    if (text !== '') assert.notEqual(read.problems[0]?.line, null, text)
  }
})

test('loadConfig() tells a YAML syntax error once, whatever follows from it', () => {
  const read = load(`version: 1\napis: { a: { upstream: \${X} } }\n${'  - { x: ${Y} }\n'.repeat(50)}`)
  assert.ok(!read.ok)
  assert.equal(read.problems.length, 1)
  assert.equal(read.problems[0]?.hint, 'write env:X')
})

test('loadConfig() takes an alias for a whole value', () => {
  const { apis } = configOf(
    load(`
version: 1
apis:
  a: { upstream: http://a, hosts: [a.example.com], limits: &all [{ name: all, per: ip, allow: 1/s }] }
  b: { upstream: http://b, hosts: [b.example.com], limits: *all }
`),
  ).policy
  assert.deepEqual(
    apis.map((api) => api.routes[0]?.limits.length),
    [1, 1],
  )
})

test('loadConfig() never throws for a file that cannot be read', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-config-'))
  try {
    const file = (name: string, bytes: string | Uint8Array): string => {
      writeFileSync(join(dir, name), bytes)
      return join(dir, name)
    }
    mkdirSync(join(dir, 'folder'))
    const cases = [
      [join(dir, 'missing.yaml'), /there is no such file[^]*gatehouse init/],
      [join(dir, 'folder'), /it is not a file/],
      [file('latin1.yaml', new Uint8Array([0x61, 0xff, 0xfe])), /it is not UTF-8/],
      [file('large.yaml', '#'.repeat(1024 * 1024 + 1)), /it is larger than 1mb/],
      ['a\0b', /the system does not hand it out/],
    ] as const
    for (const [path, words] of cases) {
      const read = loadConfig({ path, env: {} })
      assert.ok(!read.ok)
      assert.match(read.text, words)
      assert.equal(read.problems[0]?.code, 'GH-C001')
    }
    const good = loadConfig({ path: file('good.yaml', minimal), env: {} })
    assert.ok(good.ok)
    assert.equal(good.path, join(dir, 'good.yaml'))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test('configFor() puts one observed API in front of the upstream', () => {
  const read = configFor({ upstream: 'http://localhost:3000/', cores: 4 })
  const { policy } = configOf(read)
  assert.ok(read.ok)
  assert.deepEqual([read.path, read.warnings], [null, ''])
  const [api] = policy.apis
  assert.deepEqual([api?.name, api?.mode, api?.upstreams[0]?.url], ['default', 'observe', 'http://localhost:3000'])
  assert.deepEqual(
    api?.routes.map(({ path, methods, auth }) => ({ path, methods, auth })),
    [{ path: '/{rest*}', methods: [], auth: ['api-key'] }],
  )
})

test('configFor() says what is wrong with the option', () => {
  const read = configFor({ upstream: 'localhost:3000' })
  assert.ok(!read.ok)
  assert.match(
    read.text,
    /^error\[GH-C\d+\]: "localhost:3000" is not a URL\n {2}--> option --upstream .*\n {4}= did you mean "http:\/\/localhost:3000"\?\n/,
  )
})

const source = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** Configurations that stand elsewhere in the project; each must load as it is. */
function shipped(): readonly (readonly [string, string])[] {
  const inCode = (path: string, values: Readonly<Record<string, string>>): string => {
    const text = /`\n?(version: 1\n[^`]*)`/.exec(source(path))?.[1] ?? ''
    assert.notEqual(text, '', `${path} holds no configuration`)
    return text.replaceAll(
      /\$\{([\w.]+)\}|\b(?:PORT|ADMIN)\b/g,
      (whole, name: string | undefined) => values[name ?? whole] ?? whole,
    )
  }
  const bench = {
    'wish.port': '8080',
    'wish.adminPort': '8090',
    'wish.upstreamUrl': 'http://127.0.0.1:3000',
    'wish.durability': 'durable',
    itemPath: '/item',
  }
  return [
    ['examples/demo/gatehouse.yaml', source('examples/demo/gatehouse.yaml')],
    [
      'test/fault/completeness.test.ts',
      inCode('test/fault/completeness.test.ts', { PORT: '8080', ADMIN: '8090', upstream: 'http://127.0.0.1:3000' }),
    ],
    ['bench/peers/gatehouse.ts', inCode('bench/peers/gatehouse.ts', bench)],
  ]
}

test('loadConfig() loads the configurations of the demo, the fault tests and the benchmark', () => {
  for (const [path, text] of shipped()) {
    const read = load(text, { GATEHOUSE_DEMO_UPSTREAM: 'http://127.0.0.1:3000' })
    assert.ok(read.ok, `${path}:\n${read.ok ? '' : read.text}`)
    if (path.startsWith('examples/')) assert.equal(read.warnings, '', path)
  }
})

const nodeOf = (text: string, host: string): string =>
  configOf(loadText(text, { path: 'gatehouse.yaml', env: {}, host })).gate.node

test('loadText() takes the host for the name of the node, as far as a name can hold it, and refuses a name with a plus', () => {
  assert.equal(nodeOf(minimal, 'db+1 (old)'), 'db-1-old')
  assert.equal(nodeOf(minimal, '...'), 'gatehouse')
  assert.equal(nodeOf(`${minimal}node: gate-1\n`, 'host'), 'gate-1')
  const read = loadText(`${minimal}node: a+b\n`, { path: 'gatehouse.yaml', env: {} })
  assert.match(read.ok ? '' : read.text, /a\+b.*is not a name of letters, digits, dots, - and _/s)
})

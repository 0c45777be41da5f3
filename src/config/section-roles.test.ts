import assert from 'node:assert/strict'
import test from 'node:test'
import { type LoadedConfig, loadText } from './load-config.ts'

function load(roles: string): LoadedConfig {
  const text = `version: 1\n${roles}\napis:\n  a:\n    upstream: http://127.0.0.1:3000\n`
  return loadText(text, { path: 'gatehouse.yaml', env: {}, cores: 1, host: 'h' })
}

test('roles is null when left out, and else each role with its patterns', () => {
  const none = load('')
  assert.ok(none.ok)
  assert.equal(none.config.policy.roles, null)
  const some = load(
    "roles:\n  reader: { allow: [GET /v1/orders/**, 'GET,HEAD /v1/*/items'] }\n  admin: { allow: ['*', '* /v1/**', GET /] }\n  idle: { allow: [] }",
  )
  assert.ok(some.ok, some.ok ? '' : some.text)
  assert.deepEqual(some.config.policy.roles, [
    {
      name: 'reader',
      allow: [
        { text: 'GET /v1/orders/**', methods: ['GET'], segments: ['v1', 'orders', '**'] },
        { text: 'GET,HEAD /v1/*/items', methods: ['GET', 'HEAD'], segments: ['v1', '*', 'items'] },
      ],
    },
    {
      name: 'admin',
      allow: [
        { text: '*', methods: [], segments: ['**'] },
        { text: '* /v1/**', methods: [], segments: ['v1', '**'] },
        { text: 'GET /', methods: ['GET'], segments: [''] },
      ],
    },
    { name: 'idle', allow: [] },
  ])
})

test('roles says what is wrong with a pattern, and what was probably meant', () => {
  const cases: readonly [string, RegExp][] = [
    ['/v1/orders', /is not a pattern.*did you mean "\* \/v1\/orders"/],
    ['get /v1/orders', /method that is none, "get".*did you mean "GET \/v1\/orders"/],
    ['GET v1/orders', /is not a pattern.*did you mean "GET \/v1\/orders"/],
    ['GET /v1/{id}', /parameter in braces.*did you mean "GET \/v1\/\*"/],
    ['GET /v1/{rest*}', /parameter in braces.*did you mean "GET \/v1\/\*\*"/],
    ['GET /v1/**/items', /goes on after \*\*/],
    ['GET /v1/ord*', /not a whole segment/],
    ['GET /v1//x', /empty segment/],
    ['GET /v1/x?y=1', /query/],
    ['GET /v1/%6frders', /canonical form.*did you mean "GET \/v1\/orders"/],
    ['everything', /is not a pattern/],
  ]
  for (const [pattern, words] of cases) {
    const read = load(`roles: { reader: { allow: ['${pattern}'] } }`)
    assert.ok(!read.ok, pattern)
    assert.match(read.problems.map(({ message, hint }) => `${message} ${hint ?? ''}`).join('\n'), words, pattern)
  }
})

test('roles refuses names that are none, and a section that would shut out everybody', () => {
  const named = load('roles: { Order Reader: { allow: [] } }')
  assert.ok(!named.ok)
  assert.match(named.text, /not a name for a role[^]*did you mean "order-reader"/)
  const empty = load('roles: {}')
  assert.ok(!empty.ok)
  assert.match(empty.text, /there is no role/)
})

test('keys and networks have defaults, and say what they are', () => {
  const read = load('keys: { ageMax: 30d, remind: [1d, 7d, 7d] }')
  assert.ok(read.ok)
  assert.deepEqual(read.config.keys, { ageMsMax: 30 * 86_400_000, remindMs: [7 * 86_400_000, 86_400_000] })
  const text = `version: 1\napis:\n  a:\n    upstream: http://127.0.0.1:3000\n    networks: { allow: [10.0.0.0/8], deny: [10.1.2.3, 10.9.9.9/8] }\n`
  const wrong = loadText(text, { path: 'gatehouse.yaml', env: {}, cores: 1 })
  assert.ok(!wrong.ok)
  assert.match(wrong.text, /bits behind its mask[^]*did you mean "10.0.0.0\/8"/)
  const right = loadText(text.replace('10.9.9.9/8', '10.9.0.0/16'), { path: 'gatehouse.yaml', env: {}, cores: 1 })
  assert.ok(right.ok)
  assert.deepEqual(right.config.policy.apis[0]?.networks, {
    allow: ['10.0.0.0/8'],
    deny: ['10.1.2.3/32', '10.9.0.0/16'],
  })
})

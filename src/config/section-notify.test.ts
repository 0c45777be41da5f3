import assert from 'node:assert/strict'
import test from 'node:test'
import type { Config } from './compose.ts'
import { loadText } from './load-config.ts'

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

function load(sections: string): ReturnType<typeof loadText> {
  const text = `version: 1\napis: { orders: { upstream: "http://127.0.0.1:3000" } }\n${sections}`
  return loadText(text, { path: 'gatehouse.yaml', env: { HOOK: secret, PASSWORD: '12345' }, cores: 4, host: 'h' })
}

function configOf(sections: string): Config {
  const read = load(sections)
  assert.ok(read.ok, read.ok ? '' : read.text)
  return read.config
}

function problemsOf(sections: string): string {
  const read = load(sections)
  assert.ok(!read.ok)
  return read.text
}

test('a webhook and a mail server become targets, all of which are told when alerts names none', () => {
  const { alerts } = configOf(`
notify:
  on-call: { type: webhook, url: https://hooks.example.com/x, secret: env:HOOK }
  mail:
    type: email
    smtp: smtp://mail.example.com:587
    from: Gatehouse <gate@example.com>
    to: [a@example.com]
    user: gate
    password: env:PASSWORD
alerts: { severityMin: high }
`)
  assert.deepEqual(alerts, {
    targets: [
      { name: 'on-call', type: 'webhook', url: 'https://hooks.example.com/x', secrets: [secret], ca: null },
      {
        name: 'mail',
        type: 'email',
        smtp: 'smtp://mail.example.com:587',
        from: 'Gatehouse <gate@example.com>',
        to: ['a@example.com'],
        login: { user: 'gate', password: '12345' },
        ca: null,
      },
    ],
    to: ['on-call', 'mail'],
    severityMin: 'high',
  })
})

test('a webhook may have two secrets while its receiver moves from one to the next', () => {
  const { alerts } = configOf(
    `notify: { hook: { type: webhook, url: "http://127.0.0.1:9", secret: [${secret}, ${secret}] } }`,
  )
  assert.ok(alerts.targets[0]?.type === 'webhook' && alerts.targets[0].secrets.length === 2)
})

test('a target that nobody defined is refused, with what was meant', () => {
  const text = problemsOf(`
notify: { on-call: { type: webhook, url: https://hooks.example.com/x, secret: env:HOOK } }
alerts: { to: [oncall] }
`)
  assert.match(text, /"oncall" is no target that notify names/)
  assert.match(text, /did you mean "on-call"\?/)
})

test('what a type lacks, and what belongs to the other, is refused; no secret is shown', () => {
  const text = problemsOf(`
notify:
  a: { type: webhook, url: https://hooks.example.com/x }
  b: { type: email, smtp: smtp://mail, from: a@example.com, to: [b@example.com], secret: env:HOOK }
  c: { type: email, smtp: smtp://mail, from: "a@example.com\\r\\nBcc: x@example.com", to: [b@example.com], user: u }
  d: { type: webhook, url: http://hooks.example.com/x, secret: env:HOOK }
  B@d: { type: webhook, url: https://hooks.example.com/x, secret: short }
`)
  for (const said of [
    /secret.*missing/,
    /is not for email/,
    /is not a mail address/,
    /without TLS/,
    /is not a webhook secret/,
  ])
    assert.match(text, said)
  assert.match(text, /"B@d" is not a name for a target/)
  assert.ok(!text.includes(secret))
})

test('detect takes bounds that can be remembered, and says so of others', () => {
  assert.deepEqual(configOf('detect: { failures: 50/2m, spikes: false }').detect, {
    failures: { limit: 50, windowMs: 120_000 },
    refusals: { limit: 10, windowMs: 300_000 },
    probing: { limit: 20, windowMs: 60_000 },
    spikes: false,
  })
  assert.match(problemsOf('detect: { failures: 5000/m }'), /at most 1024/)
  assert.match(problemsOf('detect: { failures: 50/2h }'), /at most 1h/)
  assert.match(problemsOf('detect: { failures: 1/m }'), /at least 2/)
})

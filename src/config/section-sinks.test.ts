import assert from 'node:assert/strict'
import test from 'node:test'
import { type LoadedConfig, loadText } from './load-config.ts'
import type { SinkConfig } from './section-sinks.ts'

const load = (sinks: string): LoadedConfig =>
  loadText(`version: 1\napis:\n  orders: { upstream: http://127.0.0.1:3000 }\n${sinks}\n`, {
    path: 'gatehouse.yaml',
    env: { HOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`, SHORT: 'whsec_c2hvcnQ=' },
  })

function sinkOf(line: string): SinkConfig {
  const read = load(`sinks:\n  siem: ${line}`)
  assert.ok(read.ok, read.ok ? '' : read.text)
  return read.config.sinks[0] ?? assert.fail('no sink')
}

function problemOf(line: string): string {
  const read = load(`sinks:\n  siem: ${line}`)
  assert.equal(read.ok, false, line)
  return read.ok ? '' : read.problems.map(({ code, message, hint }) => `${code} ${message}; ${hint ?? ''}`).join('\n')
}

test('sinks are read with their defaults, names and addresses as the URL standard writes them', () => {
  assert.deepEqual(sinkOf('{ type: syslog, url: "tls://SIEM.example.com" }'), {
    name: 'siem',
    type: 'syslog',
    url: 'tls://siem.example.com:6514',
    ca: null,
    token: null,
    secret: null,
    only: [],
  })
  const hook = sinkOf(
    '{ type: webhook, url: "https://siem.example.com/a?b=c", secret: env:HOOK_SECRET, only: [refused, audit, refused] }',
  )
  assert.equal(hook.url, 'https://siem.example.com/a?b=c')
  assert.match(hook.secret ?? '', /^whsec_BwcH/)
  assert.deepEqual(hook.only, ['refused', 'audit'])
  assert.equal(sinkOf('{ type: syslog, url: "tcp://127.1:80" }').url, 'tcp://127.0.0.1:80')
  assert.equal(sinkOf('{ type: syslog, url: "tls://[2001:DB8::1]:443/" }').url, 'tls://[2001:db8::1]:443')
})

test('sinks that cannot work are refused with the value and the way out', () => {
  assert.match(problemOf('{ type: syslog, url: "tcp://10.0.0.7:601" }'), /GH-C014 .* in clear .*use tls:\/\//)
  assert.match(problemOf('{ type: webhook, url: "http://hooks.example.com/" }'), /in clear .*use https:\/\//)
  assert.match(problemOf('{ type: webhook, url: "tls://siem.example.com" }'), /is not for a webhook; .*https:\/\//)
  assert.match(problemOf('{ type: syslog, url: "udp://siem.example.com" }'), /GH-C008 .*; /)
  assert.match(problemOf('{ type: syslog, url: "syslog://siem.example.com" }'), /did you mean "tls"/)
  assert.match(problemOf('{ type: syslog, url: "tls://siem.example.com/path" }'), /has a path/)
  assert.match(problemOf('{ type: webhook, url: "https://me:pass@example.com/" }'), /user name or a password/)
  assert.match(problemOf('{ type: syslog, url: "tls://a.example.com", token: abc }'), /webhooks only/)
  assert.match(problemOf('{ type: webhok, url: "https://a.example.com" }'), /did you mean "webhook"/)
  assert.match(problemOf('{ type: webhook, urll: "https://a.example.com" }'), /did you mean "url"/)
  assert.match(problemOf('{ type: webhook, url: "https://a.example.com", only: [denied] }'), /is not one of/)
  assert.match(problemOf('{ type: webhook, url: "https://a.example.com", ca: x }'), /PEM; write ca: file:/)
})

test('a webhook secret that is too short is refused, and not shown', () => {
  const problem = problemOf('{ type: webhook, url: "https://a.example.com", secret: env:SHORT }')
  assert.match(problem, /is not a webhook secret; .*openssl/)
  assert.doesNotMatch(problem, /c2hvcnQ/)
})

test('a sink whose name is no name is told what was meant', () => {
  const read = load('sinks:\n  My SIEM: { type: syslog, url: "tls://a.example.com" }')
  assert.equal(read.ok, false)
  assert.match(read.ok ? '' : read.text, /is not a name for a sink[\s\S]*did you mean "my-siem"/)
})

import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import { Webhook } from 'standardwebhooks'
import { systemClock } from '../core/mod.ts'
import { createEmail, createWebhook, type Message } from '../desk/alert/mod.ts'
import { openOutbound } from '../outbound/mod.ts'
import { openMailReceiver, type ReceivedMail } from '../../test/support/mail-receiver.ts'
import { openReceiver, testCertificate } from '../../test/support/receivers.ts'

const message: Message = {
  id: 'msg_1',
  type: 'incident.opened',
  atMs: Date.UTC(2026, 10, 23, 9),
  severity: 'high',
  subject: '[Gatehouse] HIGH INC-1: Credential stuffing, 203.0.113.0/28',
  facts: [
    ['Who', 'network 203.0.113.0/28'],
    ['Where', 'POST /v1/login'],
  ],
  data: { incident: { id: 'INC-1' } },
}

const secretOf = (fill: number): string => `whsec_${Buffer.alloc(32, fill).toString('base64')}`

interface Got {
  readonly headers: Record<string, string>
  readonly body: string
}

/** Posts one message to a receiver that answers so. */
async function posted(secrets: readonly string[], status = 200): Promise<Got> {
  const got: Got[] = []
  await using receiver = await openReceiver((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      got.push({ headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(status).end()
    })
  })
  await using outbound = openOutbound()
  const url = `http://127.0.0.1:${receiver.port}/hook`
  await createWebhook({ name: 'hook', url, secrets, outbound, clock: systemClock }).notify(message)
  assert.ok(got[0] !== undefined)
  return got[0]
}

test('a webhook is signed so that the reference implementation of Standard Webhooks verifies it', async () => {
  const { headers, body } = await posted([secretOf(7)])
  const verified = new Webhook(secretOf(7)).verify(body, headers)
  assert.deepEqual(verified, {
    type: 'incident.opened',
    timestamp: '2026-11-23T09:00:00.000Z',
    data: { summary: message.subject, incident: { id: 'INC-1' } },
  })
  assert.equal(headers['webhook-id'], 'msg_1')
  assert.throws(() => new Webhook(secretOf(8)).verify(body, headers))
  assert.throws(() => new Webhook(secretOf(7)).verify(body.replace('INC-1', 'INC-2'), headers))
})

test('while a secret is rotated, who has the old one and who has the new one both verify', async () => {
  const { headers, body } = await posted([secretOf(7), secretOf(8)])
  for (const fill of [7, 8]) assert.ok(new Webhook(secretOf(fill)).verify(body, headers))
})

test('a webhook that answers otherwise than 2xx has not taken it', async () => {
  await assert.rejects(posted([secretOf(7)], 302), { code: 'unreachable' })
  await assert.rejects(posted([secretOf(7)], 500), /answered 500/)
})

async function mailed(sent: Partial<Message>): Promise<ReceivedMail> {
  await using receiver = await openMailReceiver()
  const smtp = `smtp://127.0.0.1:${receiver.port}`
  const channel = createEmail({
    name: 'mail',
    smtp,
    from: 'Gatehouse <gate@example.com>',
    to: ['ana@example.com', 'ben@example.com'],
    login: null,
  })
  await channel.notify({ ...message, ...sent })
  assert.equal(receiver.mails.length, 1)
  assert.ok(receiver.mails[0] !== undefined)
  return receiver.mails[0]
}

test('a mail reaches every recipient, as text and as HTML', async () => {
  const { from, to, text } = await mailed({})
  assert.deepEqual([from, to], ['gate@example.com', ['ana@example.com', 'ben@example.com']])
  assert.match(text, /^Subject: \[Gatehouse\] HIGH INC-1: Credential stuffing, 203\.0\.113\.0\/28\r$/m)
  assert.match(text, /^Message-ID: <msg_1@gatehouse\.invalid>\r$/m)
  assert.match(text, /^Auto-Submitted: auto-generated\r$/m)
  assert.match(text, /^Content-Type: text\/plain/m)
  assert.match(text, /^Content-Type: text\/html/m)
  assert.match(text, /^Who: network 203\.0\.113\.0\/28\r$/m)
})

test('nothing that a caller sent becomes a header, a recipient or markup', async () => {
  const evil = 'x\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>'
  const { to, text } = await mailed({ subject: evil, facts: [['Who', evil]] })
  assert.deepEqual(to, ['ana@example.com', 'ben@example.com'])
  assert.doesNotMatch(text, /^Bcc:/im)
  assert.ok(!text.slice(text.indexOf('text/html')).includes('<script>'))
})

test('a mail server elsewhere must offer TLS with a certificate that is trusted, before anybody signs in', async () => {
  const tls = await testCertificate(['mail.test'])
  const login = { user: 'gate', password: 'hidden' }
  await using receiver = await openMailReceiver({ key: tls.key, cert: tls.cert }, login)
  const options = { name: 'mail', from: 'gate@example.com', to: ['ana@example.com'], login }
  const smtp = `smtp://127.0.0.1:${receiver.port}`
  await assert.rejects(createEmail({ ...options, smtp }).notify(message), { code: 'unreachable' })
  assert.equal(receiver.mails.length, 0)
  await createEmail({ ...options, smtp, ca: tls.cert }).notify(message)
  assert.deepEqual(
    receiver.mails.map(({ secure, user }) => [secure, user]),
    [[true, 'gate']],
  )
})

test('a mail server that refuses is told of', async () => {
  await using receiver = await openMailReceiver({
    onRcptTo: (_address, _session, done) => done(new Error('no such user')),
  })
  const smtp = `smtp://127.0.0.1:${receiver.port}`
  const channel = createEmail({ name: 'mail', smtp, from: 'a@example.com', to: ['b@example.com'], login: null })
  await assert.rejects(channel.notify(message), { code: 'unreachable' })
})

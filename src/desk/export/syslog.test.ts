import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import test from 'node:test'
import { createServer as createTls } from 'node:tls'
import fc from 'fast-check'
import { testCertificate } from '../../../test/support/receivers.ts'
import { openOutbound } from '../../outbound/mod.ts'
import { asciiJson } from './items.ts'
import type { ExportItem, Sink } from './sink.ts'
import { hostnameOf, syslogFrame } from './syslog-frame.ts'
import { openSyslogSink } from './syslog-sink.ts'

const never = new AbortController().signal
const itemOf = (seq: number): ExportItem => ({
  log: 'access',
  seq,
  uid: `r${seq}`,
  timeMs: 1_795_212_179_243,
  severityId: 3,
  json: `{"seq":${seq}}`,
})

interface Message {
  readonly priority: number
  readonly time: string
  readonly host: string
  readonly id: string
  readonly params: Readonly<Record<string, string>>
  readonly text: string
}

/** Reads frames strictly, as RFC 6587 3.4.1 and RFC 5424 6 have them. */
function parseFrames(bytes: Buffer): readonly Message[] {
  const messages: Message[] = []
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(' ', at)
    const length = bytes.toString('ascii', at, space)
    assert.match(length, /^[1-9]\d*$/)
    const end = space + 1 + Number(length)
    assert.ok(end <= bytes.length, 'a frame is cut')
    messages.push(parseMessage(bytes.toString('utf8', space + 1, end)))
    at = end
  }
  return messages
}

const header =
  /^<(\d{1,3})>1 (\S+) ([!-~]{1,255}) gatehouse - (access|audit) \[gatehouse@32473((?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")*)\] (.*)$/s

function parseMessage(text: string): Message {
  const [, priority = '', time = '', host = '', id = '', data = '', rest = ''] = header.exec(text) ?? assert.fail(text)
  const params = [...data.matchAll(/ ([a-z]+)="((?:[^"\\\]]|\\["\\\]])*)"/g)].map(([, name = '', value = '']) => [
    name,
    value.replaceAll(/\\(.)/g, '$1'),
  ])
  return { priority: Number(priority), time, host, id, params: Object.fromEntries(params), text: rest }
}

test('syslogFrame() writes frames that a strict reader takes apart again, whatever is in them', () => {
  const item = fc.record({
    log: fc.constantFrom('access' as const, 'audit' as const),
    seq: fc.nat(),
    uid: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed()),
    timeMs: fc.nat(4_000_000_000_000),
    severityId: fc.integer({ min: 1, max: 5 }),
    json: fc.json({ maxDepth: 1 }).map((text) => asciiJson(JSON.parse(text))),
  })
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 5 }), (items) => {
      const messages = parseFrames(Buffer.concat(items.map((one) => syslogFrame(one, 'gate-1'))))
      assert.equal(messages.length, items.length)
      for (const [at, { log, seq, timeMs, severityId, json, uid }] of items.entries()) {
        const message = messages[at]
        assert.deepEqual([message?.id, message?.params['seq'], message?.text], [log, String(seq), json])
        assert.equal(Date.parse(message?.time ?? ''), timeMs)
        assert.equal(message?.priority, 13 * 8 + 7 - severityId)
        // oxlint-disable-next-line no-control-regex -- they are what is not printed
        assert.equal(message.params['uid'], uid.replaceAll(/[\u0000-\u001f\u007f]/g, '?'))
      }
    }),
  )
})

test('asciiJson() gives ASCII that reads as the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = asciiJson(value)
      assert.match(text, /^[ -~]*$/)
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('hostnameOf() gives what RFC 5424 takes as a HOSTNAME', () => {
  assert.equal(hostnameOf('gate one'), 'gate-one')
  assert.equal(hostnameOf(''), '-')
  assert.equal(hostnameOf('é'.repeat(300)).length, 255)
})

interface SyslogServer extends AsyncDisposable {
  readonly port: number
  /** The bytes of each connection that came to its end. */
  readonly received: Buffer[]
}

/** `take` decides what happens to a connection. */
async function listening(server: Server, take: (socket: Socket) => void = () => {}): Promise<SyslogServer> {
  const received: Buffer[] = []
  const sockets = new Set<Socket>()
  const isTls = 'setSecureContext' in server
  server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket)
    const chunks: Buffer[] = []
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => received.push(Buffer.concat(chunks)))
    take(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    received,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function openSink(url: string, ca: string | null = null): Promise<Sink & AsyncDisposable> {
  const outbound = openOutbound()
  return {
    ...openSyslogSink({ url, ca, node: 'gate-1', outbound, closeMs: 150 }),
    [Symbol.asyncDispose]: () => outbound[Symbol.asyncDispose](),
  }
}

test('deliver() sends all frames over TLS and is done when the receiver has read them to their end', async () => {
  const tls = await testCertificate()
  await using server = await listening(createTls({ cert: tls.cert, key: tls.key }))
  await using sink = await openSink(`tls://127.0.0.1:${server.port}`, tls.cert)
  const delivery = await sink.deliver([itemOf(1), itemOf(2)], never)
  assert.equal(delivery.kind, 'delivered')
  assert.match(delivery.answer, /^took 2 messages, \d+ bytes$/)
  const messages = parseFrames(server.received[0] ?? Buffer.alloc(0))
  assert.deepEqual(
    messages.map(({ text, host, priority }) => [text, host, priority]),
    [
      ['{"seq":1}', 'gate-1', 108],
      ['{"seq":2}', 'gate-1', 108],
    ],
  )
})

test('deliver() sends nothing to a receiver that cannot prove its name', async () => {
  const tls = await testCertificate()
  await using server = await listening(createTls({ cert: tls.cert, key: tls.key }))
  await using sink = await openSink(`tls://127.0.0.1:${server.port}`)
  await assert.rejects(sink.deliver([itemOf(1)], never), /no TLS with/)
  assert.equal(server.received.length, 0)
})

test('deliver() over TCP rejects when the receiver goes away in the middle', async () => {
  await using server = await listening(
    createServer(),
    (socket) => void socket.once('data', () => socket.resetAndDestroy()),
  )
  await using sink = await openSink(`tcp://127.0.0.1:${server.port}`)
  const large = { ...itemOf(1), json: JSON.stringify('x'.repeat(8_000_000)) }
  await assert.rejects(sink.deliver([large], never), /The syslog receiver broke off/)
})

test('deliver() is done with a receiver that keeps its side open', async () => {
  await using server = await listening(createServer({ allowHalfOpen: true }))
  await using sink = await openSink(`tcp://127.0.0.1:${server.port}`)
  const delivery = await sink.deliver([itemOf(1)], never)
  assert.match(delivery.answer, /keeps its side open/)
})

test('deliver() ends soon when everything closes', async () => {
  await using server = await listening(createServer({ allowHalfOpen: true }))
  await using sink = await openSink(`tcp://127.0.0.1:${server.port}`)
  const closing = new AbortController()
  setTimeout(() => closing.abort(), 20)
  await assert.rejects(sink.deliver([itemOf(1)], closing.signal), /Gatehouse is closing/)
})

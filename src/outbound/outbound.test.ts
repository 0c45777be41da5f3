import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { GatehouseError, hasCode } from '../core/mod.ts'
import { type IpAddress, ipAddressOf, kindOf } from './networks.ts'
import { openOutbound } from './outbound.ts'
import { openReceiver, testCertificate } from '../../test/support/receivers.ts'

const notAllowed = (error: unknown): boolean => hasCode(error, 'destination_not_allowed')
const unreachable = (error: unknown): boolean => hasCode(error, 'unreachable')
const ip = (text: string): IpAddress => ipAddressOf(text) ?? assert.fail(text)
const answers =
  (...texts: readonly string[]) =>
  async (): Promise<readonly IpAddress[]> =>
    texts.map(ip)

test('kindOf() tells what is globally reachable from what is not', () => {
  const kinds = {
    public: ['93.184.216.34', '2606:2800::1', '1.1.1.1'],
    loopback: ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1'],
    private: ['10.1.2.3', '172.31.0.1', '192.168.1.1', 'fd00:ec2::254', '::ffff:10.0.0.1'],
    special: ['0.0.0.0', '169.254.169.254', '100.100.100.200', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
  }
  for (const [kind, texts] of Object.entries(kinds))
    for (const text of texts) assert.equal(kindOf(ip(text)), kind, text)
  for (const text of [
    '::',
    'fe80::1',
    'ff02::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '5f00::1',
    '2001:db8::1',
    '::ffff:8.8.8.8',
  ])
    assert.equal(kindOf(ip(text)), 'special', text)
})

test('request() refuses every spelling of an address that is not public', async (t) => {
  const folder = process.env['GATEHOUSE_VECTORS']
  if (folder === undefined) {
    assert.notEqual(process.env['CI'], 'true', 'GATEHOUSE_VECTORS must be set')
    return t.diagnostic('skipped: GATEHOUSE_VECTORS is not set')
  }
  const { urls, public: open } = JSON.parse(readFileSync(join(folder, 'identity/ssrf/urls.json'), 'utf8')) as Record<
    'urls' | 'public',
    string[]
  >
  await using outbound = openOutbound()
  for (const url of urls.map((text) => text.replace('http:', 'https:'))) {
    const call = outbound.request({ url, deadlineMs: 50 })
    if (open.includes(url.replace('https:', 'http:'))) await assert.rejects(call, unreachable, url)
    else await assert.rejects(call, notAllowed, url)
  }
})

test('request() takes https alone, without a user name, at the ports of web servers', async () => {
  await using outbound = openOutbound({ resolve: answers('93.184.216.34') })
  for (const url of [
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'https://me:secret@example.com/',
    'https://example.com:22/',
    'https://example.com:0/',
    'nonsense',
  ])
    await assert.rejects(outbound.request({ url, deadlineMs: 50 }), notAllowed, url)
})

test('request() refuses a name of which any address is not public', async () => {
  for (const bad of ['127.0.0.1', '10.0.0.1', '169.254.169.254', 'fd00::1']) {
    await using outbound = openOutbound({ resolve: answers('93.184.216.34', bad) })
    for (const named of ['operator', 'data'] as const)
      await assert.rejects(outbound.request({ url: 'https://rebind.example/', named, deadlineMs: 500 }), notAllowed)
  }
})

test('a refusal names the address and the way out', async () => {
  await using outbound = openOutbound({ resolve: answers('10.9.8.7') })
  await assert.rejects(
    outbound.request({ url: 'https://siem.internal/' }),
    /siem\.internal \(10\.9\.8\.7\).*outbound\.allow/,
  )
})

test('request() reaches a loopback address that the operator wrote, and no other', async () => {
  await using receiver = await openReceiver((_, response) => void response.end('here'))
  await using outbound = openOutbound()
  const url = `http://127.0.0.1:${receiver.port}/`
  const answer = await outbound.request({ url, named: 'operator' })
  assert.equal(Buffer.from(answer.body).toString(), 'here')
  await assert.rejects(outbound.request({ url }), notAllowed)
  await assert.rejects(
    outbound.request({ url: 'https://169.254.169.254/', named: 'operator', deadlineMs: 50 }),
    notAllowed,
  )
})

test('request() reaches a name in a network that is allowed', async () => {
  const tls = await testCertificate(['siem.internal'])
  await using receiver = await openReceiver((_, response) => void response.end('ok'), tls)
  await using outbound = openOutbound({ allow: ['127.0.0.0/8'], resolve: answers('127.0.0.1') })
  const url = `https://siem.internal:${receiver.port}/`
  assert.equal((await outbound.request({ url, named: 'operator', ca: tls.cert })).status, 200)
})

test('request() refuses a certificate that nobody trusts or that is for another name', async () => {
  const tls = await testCertificate([])
  await using receiver = await openReceiver((_, response) => void response.end('ok'), tls)
  await using outbound = openOutbound({ allow: ['127.0.0.0/8'], resolve: answers('127.0.0.1') })
  const url = `https://siem.internal:${receiver.port}/`
  await assert.rejects(outbound.request({ url, named: 'operator' }), unreachable)
  await assert.rejects(outbound.request({ url, named: 'operator', ca: tls.cert }), unreachable)
  const literal = { url: `https://127.0.0.1:${receiver.port}/`, named: 'operator', ca: tls.cert } as const
  assert.equal((await outbound.request(literal)).status, 200)
})

test('request() hands redirects back and does not follow them', async () => {
  let calls = 0
  await using receiver = await openReceiver((_, response) => {
    calls++
    response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
  })
  await using outbound = openOutbound()
  const answer = await outbound.request({ url: `http://127.0.0.1:${receiver.port}/`, named: 'operator' })
  assert.deepEqual([answer.status, answer.headers['location'], calls], [302, 'http://169.254.169.254/', 1])
})

test('request() sends method, headers and body', async () => {
  await using receiver = await openReceiver((request, response) => {
    const hash = createHash('sha256')
    request.on('data', (chunk: Buffer) => hash.update(chunk))
    request.on('end', () => {
      response.setHeader('x-seen', [request.method, request.headers['x-one'], hash.digest('hex').slice(0, 8)].join(' '))
      response.end()
    })
  })
  await using outbound = openOutbound()
  const answer = await outbound.request({
    url: `http://127.0.0.1:${receiver.port}/`,
    method: 'POST',
    headers: { 'x-one': 'a' },
    body: 'hello',
    named: 'operator',
  })
  assert.equal(answer.headers['x-seen'], 'POST a 2cf24dba')
})

test('request() cuts an answer that is too long', async () => {
  await using receiver = await openReceiver((_, response) => void response.end('x'.repeat(100_000)))
  await using outbound = openOutbound()
  const url = `http://127.0.0.1:${receiver.port}/`
  const { body, isCut } = await outbound.request({ url, named: 'operator', answerBytesMax: 1_000 })
  assert.deepEqual([body.length, isCut], [1_000, true])
})

test('request() ends at its deadline, however slowly the answer drips', async () => {
  await using receiver = await openReceiver((_, response) => {
    response.write('x')
    const drip = setInterval(() => response.write('x'), 10)
    response.on('close', () => clearInterval(drip))
  })
  await using outbound = openOutbound()
  const url = `http://127.0.0.1:${receiver.port}/`
  await assert.rejects(outbound.request({ url, named: 'operator', deadlineMs: 80 }), /no answer within 80 ms/)
})

test('request() tells that nobody listens', async () => {
  await using outbound = openOutbound()
  const url = 'http://127.0.0.1:1/'
  await assert.rejects(outbound.request({ url, named: 'operator' }), unreachable)
})

test('connectTcp() connects in clear to this machine only', async () => {
  const server = createServer((socket) => void socket.end('hi'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await using outbound = openOutbound({ allow: ['127.0.0.0/8'], resolve: answers('127.0.0.1') })
  const socket = await outbound.connectTcp({ host: 'localhost', port, named: 'operator', use: 'clear' })
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  assert.equal(chunk.toString(), 'hi')
  socket.destroy()
  server.close()
})

test('connectTls() gives up at its deadline when the other end says nothing', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => sockets.add(socket))
  await using outbound = openOutbound()
  await assert.rejects(
    outbound.connectTls({ host: '127.0.0.1', port, named: 'operator', deadlineMs: 60 }),
    (error) => error instanceof GatehouseError && /no TLS with 127\.0\.0\.1:\d+: it took too long/.test(error.message),
  )
  for (const socket of sockets) socket.destroy()
  server.close()
})

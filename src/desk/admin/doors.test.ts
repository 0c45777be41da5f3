import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { TLSSocket } from 'node:tls'
import { hasCode } from '../../core/mod.ts'
import { openBench } from './test/bench.ts'
import { pairs } from './test/self-signed.ts'

interface Files extends Disposable {
  readonly tls: { readonly cert: string; readonly key: string }
  put(index: number): void
}

function pairFiles(): Files {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
  const tls = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') }
  const put = (index: number): void => {
    writeFileSync(tls.cert, pairs[index]?.cert ?? '')
    writeFileSync(tls.key, pairs[index]?.key ?? '')
  }
  put(0)
  return { tls, put, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) }
}

interface Asked {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly fingerprint: string
}

interface Asking {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  /** By whose certificate the server is known. */
  readonly ca?: number
}

async function ask(
  url: string,
  { method = 'GET', path = '/v1/session', headers, body, ca = 0 }: Asking,
): Promise<Asked> {
  const { port, host } = new URL(url)
  const to = { host: '127.0.0.1', servername: 'localhost', port, ca: pairs[ca]?.cert, path, agent: false, method }
  const outgoing = request({ ...to, headers: { host, ...headers } })
  outgoing.end(body)
  // Node gives the answer alone.
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  // Over TLS it is one.
  const { fingerprint256 } = (response.socket as TLSSocket).getPeerCertificate()
  response.resume()
  return { status: response.statusCode ?? 0, headers: response.headers, fingerprint: fingerprint256 }
}

async function setUp(url: string, token: string): Promise<Asked> {
  const body = JSON.stringify({ token, name: 'anna', password: 'a bag of apples' })
  const headers = {
    origin: url,
    'content-type': 'application/json',
    'content-length': String(body.length),
    'x-gatehouse-console': '1',
  }
  return await ask(url, { method: 'POST', path: '/v1/setup', headers, body })
}

test('openAdmin() refuses to listen beyond loopback without TLS, and says what to write', async () => {
  await assert.rejects(openBench({ listen: { host: '0.0.0.0', port: 0 } }), (error) => {
    assert.ok(hasCode(error, 'invalid_argument'))
    return /admin\.tls/.test(String(error))
  })
})

test('openAdmin() refuses a certificate that is not there or not of this key', async () => {
  using files = pairFiles()
  await assert.rejects(openBench({ tls: { ...files.tls, key: '/nowhere/key.pem' } }), { code: 'config_invalid' })
  writeFileSync(files.tls.key, pairs[1]?.key ?? '')
  await assert.rejects(openBench({ tls: files.tls }), { code: 'config_invalid' })
})

test('over TLS it answers to the configured names, with a cookie for TLS alone', async () => {
  using files = pairFiles()
  await using bench = await openBench({
    listen: { host: '0.0.0.0', port: 0 },
    hosts: ['gatehouse.example.com'],
    tls: files.tls,
  })
  const { url } = bench.admin
  assert.match(url, /^https:\/\/gatehouse\.example\.com:\d+$/)
  const { token } = await bench.admins.invite('owner', 'desk')
  const answer = await setUp(url, token)
  assert.equal(answer.status, 204)
  assert.match(
    answer.headers['set-cookie']?.[0] ?? '',
    /^__Host-gths=gths_\w+; HttpOnly; SameSite=Strict; Path=\/; Secure$/,
  )
  assert.match(answer.headers['strict-transport-security'] ?? '', /max-age/)
  const cookie = answer.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? ''
  assert.equal((await ask(url, { headers: { cookie } })).status, 200)
  const local = await ask(url, { headers: { cookie, host: `localhost:${new URL(url).port}` } })
  assert.deepEqual([local.status, local.headers['strict-transport-security']], [200, undefined])
  assert.equal((await ask(url, { headers: { cookie: cookie.replace('__Host-', '') } })).status, 401)
  assert.equal((await ask(url, { headers: { cookie, host: 'evil.example.com' } })).status, 421)
})

test('figures are for everybody on loopback only', async () => {
  using files = pairFiles()
  await using plain = await openBench()
  assert.equal((await plain.call('GET', '/metrics', { headers: { authorization: '' } })).status, 200)
  await using secured = await openBench({ tls: files.tls })
  assert.equal((await ask(secured.admin.url, { path: '/metrics' })).status, 401)
})

test('a new certificate is taken over for new connections, and a broken one is not', async () => {
  using files = pairFiles()
  await using bench = await openBench({ tls: files.tls })
  const { url } = bench.admin
  const first = await ask(url, {})
  writeFileSync(files.tls.cert, 'no certificate')
  await untilAsync(() => bench.defects.length > 0)
  assert.equal((await ask(url, {})).fingerprint, first.fingerprint)
  files.put(1)
  await untilAsync(async () => (await ask(url, { ca: 1 }).catch(() => first)).fingerprint !== first.fingerprint)
})

test('connections that say nothing keep nobody from hearing that the desk lives', async () => {
  await using bench = await openBench()
  const { port } = new URL(bench.admin.url)
  const idle: Socket[] = []
  for (let i = 0; i < 600; i++) {
    const socket = connect({ host: '127.0.0.1', port: Number(port) }).on('error', () => {})
    await once(socket, 'connect')
    if (i % 2 === 0) socket.write('GET /healthz HTTP/1.1\r\nhost: ')
    idle.push(socket)
  }
  const streaming = await bench.open('GET', '/v1/events/live')
  assert.equal((await bench.call('GET', '/healthz')).status, 200)
  assert.equal(streaming.destroyed, false)
  streaming.destroy()
  for (const socket of idle) socket.destroy()
})

async function untilAsync(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!(await condition())) {
    assert.ok(performance.now() < endMs, 'not in time')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

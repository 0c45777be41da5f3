import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { UpstreamTls } from '../../core/mod.ts'
import { testAuthority } from '../../../test/support/certificates.ts'
import { openTestEngine, openTlsUpstream, type TestEngine, upstreamAt, testEngines } from './test/fixtures.ts'

const authority = await testAuthority()
const server = await authority.issue('orders.internal')
const gateway = await authority.issue('gateway')
const files: Record<string, string> = {
  '/ca': authority.cert,
  '/cert': gateway.cert,
  '/key': gateway.key,
  '/nonsense': 'nonsense',
}
const readFile = (path: string): string => {
  const text = files[path]
  if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`)
  return text
}
const none: UpstreamTls = { ca: null, cert: null, key: null, serverName: null }

function get({ port }: TestEngine, host = 'api.example.com'): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, headers: { host } }, (incoming) => {
      let text = `${incoming.statusCode} `
      incoming.on('data', (chunk) => (text += String(chunk)))
      incoming.on('end', () => resolve(text))
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

testEngines(
  'an upstream is called by TLS, its certificate held against the name in its URL and never against the Host of a caller',
  async () => {
    const names: (string | false | null)[] = []
    await using upstream = await openTlsUpstream((incoming, response) => {
      names.push((incoming.socket as TLSSocket).servername) // a TLS server's sockets are
      response.end(incoming.headers.host)
    }, server)
    const byName = upstreamAt(upstream.url.replace('127.0.0.1', 'localhost'), { tls: { ...none, ca: '/ca' } })
    await using engine = await openTestEngine({ upstream: byName, readFile })
    assert.equal(await get(engine, 'a.example.com'), '200 a.example.com')
    assert.equal(await get(engine, 'b.example.com'), '200 b.example.com')
    assert.deepEqual(names, ['localhost', 'localhost'])
    assert.equal(upstream.sockets.length, 1)
    const byAddress = upstreamAt(upstream.url, { tls: { ...none, ca: '/ca' } })
    await using other = await openTestEngine({ upstream: byAddress, readFile })
    assert.equal(await get(other), '200 api.example.com')
  },
)

testEngines('the name of an upstream may be another than that in its URL', async () => {
  await using upstream = await openTlsUpstream((_, response) => response.end('ok'), server)
  for (const [serverName, answer] of [
    ['orders.internal', '200 ok'],
    ['another.internal', '502 upstream_refused'],
  ] as const) {
    const named = upstreamAt(upstream.url, { tls: { ...none, ca: '/ca', serverName } })
    await using engine = await openTestEngine({ upstream: named, readFile })
    assert.equal(await get(engine), answer)
    if (answer !== '200 ok') assert.match(engine.seen[0]?.note ?? '', /^ERR_TLS_CERT_ALTNAME_INVALID: /)
  }
})

testEngines('an upstream that nobody vouches for gets no request, and the record says why', async () => {
  let requests = 0
  await using upstream = await openTlsUpstream((_, response) => response.end(String(++requests)), server)
  for (const [tls, note] of [
    [null, /^UNABLE_TO_VERIFY_LEAF_SIGNATURE: /],
    [{ ...none, ca: '/gone' }, /no such file, open '\/gone'/],
    [{ ...none, ca: '/ca', cert: '/nonsense', key: '/key' }, /PEM|no start line/],
  ] as const) {
    await using engine = await openTestEngine({ upstream: upstreamAt(upstream.url, { tls }), readFile })
    assert.equal(await get(engine), '502 upstream_refused')
    assert.match(engine.seen[0]?.note ?? '', note)
  }
  assert.equal(requests, 0)
})

testEngines('the gateway proves itself to an upstream that asks for it', async () => {
  await using upstream = await openTlsUpstream(
    (incoming, response) => response.end((incoming.socket as TLSSocket).getPeerX509Certificate()?.subject ?? 'nobody'), // as above
    { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
  )
  const proving = upstreamAt(upstream.url, { tls: { ...none, ca: '/ca', cert: '/cert', key: '/key' } })
  await using engine = await openTestEngine({ upstream: proving, readFile })
  assert.equal(await get(engine), '200 CN=gateway')
  const silent = upstreamAt(upstream.url, { tls: { ...none, ca: '/ca' } })
  await using other = await openTestEngine({ upstream: silent, readFile })
  assert.match(await get(other), /^502 /)
  assert.match(other.seen[0]?.note ?? '', /CERTIFICATE_REQUIRED|ECONNRESET|UND_ERR_SOCKET/)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { testAuthority, type TestCertificate } from '../../../test/support/certificates.ts'
import { waitFor } from '../../../test/support/program.ts'
import { recordedPerSecondMax } from './handshakes.ts'
import { openHttpUpstream, openTestEngine, type TestEngine, upstreamAt, testEngines } from './test/fixtures.ts'
import type { TlsSecrets } from './tls-secrets.ts'

const authority = await testAuthority()
const server = await authority.issue('api.test')

function secretsOf(pair: TestCertificate, changes: Partial<TlsSecrets> = {}): TlsSecrets {
  return {
    ...pair,
    clientCa: null,
    isClientCertRequired: false,
    minVersion: 'TLSv1.2',
    ticketKeys: new Uint8Array(48),
    ...changes,
  }
}

function dial({ port }: TestEngine, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.cert, ...options })
  socket.on('error', () => {}) // what the tests look at is the other end
  return socket
}

/** The status and the body, or the code of the error. */
async function get(engine: TestEngine, options: ConnectionOptions & { path?: string } = {}): Promise<string> {
  const agent = new Agent({ keepAlive: false })
  const { promise, resolve } = Promise.withResolvers<string>()
  const outgoing = request(
    { host: '127.0.0.1', port: engine.port, ca: authority.cert, agent, path: '/', ...options },
    (incoming) => {
      let text = `${incoming.statusCode} `
      incoming.on('data', (chunk) => (text += String(chunk)))
      incoming.on('end', () => resolve(text))
      incoming.on('error', () => resolve(`${text}(cut)`))
    },
  )
  outgoing.on('error', (error) => resolve(`${'code' in error ? String(error.code) : ''} ${error.message}`))
  outgoing.end()
  return await promise.finally(() => agent.destroy())
}

/** Whatever it ends by. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

async function seenOf(engine: TestEngine, count: number): Promise<TestEngine['seen']> {
  await waitFor(
    () => engine.seen.length >= count,
    5_000,
    () => `saw ${engine.seen.length} of ${count}`,
  )
  return engine.seen
}

testEngines('a request by TLS is like any other, and says what was agreed', async () => {
  await using upstream = await openHttpUpstream((incoming, response) => response.end(incoming.headers['forwarded']))
  await using engine = await openTestEngine({ tls: secretsOf(server), upstream: upstreamAt(upstream.url) })
  const answer = await get(engine)
  assert.equal(answer, `200 for=127.0.0.1;host="127.0.0.1:${engine.port}";proto=https`)
  const [seen] = await seenOf(engine, 1)
  assert.equal(seen?.request.scheme, 'https')
  assert.deepEqual(seen?.request.tls?.facts, {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    clientCert: null,
  })
})

testEngines(
  'TLS 1.2 is spoken with forward secrecy and AEAD alone, and not at all where 1.3 is the least',
  async () => {
    await using engine = await openTestEngine({ tls: secretsOf(server) })
    const old = { maxVersion: 'TLSv1.2' } as const
    assert.equal(await get(engine, { ...old, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }), '200 ok')
    for (const ciphers of ['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES256-SHA'])
      assert.match(await get(engine, { ...old, ciphers }), /handshake failure/, ciphers)
    await using strict = await openTestEngine({ tls: secretsOf(server, { minVersion: 'TLSv1.3' }) })
    assert.match(await get(strict, old), /protocol version/)
    assert.equal(await get(strict), '200 ok')
  },
)

testEngines('a handshake that fails ends in one exchange that says why; a silent connection in none', async () => {
  await using engine = await openTestEngine({ tls: secretsOf(server) })
  const silent = connectTcp(engine.port, '127.0.0.1')
  await once(silent, 'connect')
  silent.destroy()
  const plain = connectTcp(engine.port, '127.0.0.1')
  plain.on('error', () => {})
  plain.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  await seenOf(engine, 1)
  await closed(dial(engine, { ALPNProtocols: ['h2'] }))
  await seenOf(engine, 2)
  const distrusting = dial(engine, { ca: (await testAuthority('another')).cert })
  await closed(distrusting)
  const seen = await seenOf(engine, 3)
  assert.deepEqual(
    seen.map(({ reason, note, request: { scheme } }) => [reason, note, scheme]),
    [
      ['tls_failed', 'ERR_SSL_HTTP_REQUEST', 'https'],
      ['tls_failed', 'ERR_SSL_NO_APPLICATION_PROTOCOL', 'https'],
      ['tls_failed', 'the client left within the handshake', 'https'],
    ],
  )
  assert.equal(seen[2]?.request.peer.port === 0, false)
  assert.equal(engine.engine.connections, 0)
})

testEngines('a handshake that never ends is ended', async () => {
  await using engine = await openTestEngine({ tls: secretsOf(server), limits: { headersMs: 200 } })
  const stuck = connectTcp(engine.port, '127.0.0.1')
  stuck.on('error', () => {})
  stuck.write(Buffer.from('1603010200010001fc0303', 'hex'))
  await closed(stuck)
  const [seen] = await seenOf(engine, 1)
  assert.equal(seen?.note, 'ERR_TLS_HANDSHAKE_TIMEOUT')
})

testEngines('of failing handshakes a bounded number is recorded, the rest is counted', async () => {
  await using engine = await openTestEngine({ tls: secretsOf(server) })
  const count = recordedPerSecondMax + 20
  for (let i = 0; i < count; i++) {
    const plain = connectTcp(engine.port, '127.0.0.1')
    plain.on('error', () => {})
    plain.write('nonsense that is no TLS\r\n\r\n')
  }
  const seen = await seenOf(engine, recordedPerSecondMax + 1)
  assert.equal(seen.length, recordedPerSecondMax + 1)
  assert.match(seen.at(-1)?.note ?? '', /; 20 were only counted since the last$/)
})

testEngines('secure() takes over a new certificate for the next connection and leaves the old ones alone', async () => {
  await using engine = await openTestEngine({ tls: secretsOf(server) })
  const before = dial(engine)
  await once(before, 'secureConnect')
  const next = await authority.issue('next.test')
  engine.engine.secure(secretsOf(next))
  const after = dial(engine)
  await once(after, 'secureConnect')
  assert.equal(after.getPeerX509Certificate()?.subject, 'CN=next.test')
  before.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  before.resume()
  await once(before, 'end')
  const [seen] = await seenOf(engine, 1)
  assert.equal(seen?.delivery?.delivered, true)
  after.destroy()
})

testEngines('a client is known by the certificate that it holds the key of, and by who vouches for it', async () => {
  await using engine = await openTestEngine({ tls: secretsOf(server, { clientCa: authority.cert }) })
  const known = await authority.issue('acme')
  const stranger = await (await testAuthority('another')).issue('acme')
  const expired = await authority.issue('late', {
    from: new Date(Date.now() - 86_400_000),
    until: new Date(Date.now() - 1_000),
  })
  for (const client of [{}, known, stranger, expired]) assert.equal(await get(engine, client), '200 ok')
  const seen = await seenOf(engine, 4)
  const faults = seen.map(({ request: asked }) => asked.tls?.client?.fault)
  assert.deepEqual([faults[0], faults[1], faults[3]], [undefined, null, 'CERT_HAS_EXPIRED'])
  assert.match(faults[2] ?? '', /^UNABLE_TO_/)
  for (const { request: asked } of seen.slice(1)) {
    assert.match(asked.tls?.facts.clientCert ?? '', /^[0-9a-f]{64}$/)
    assert.equal(asked.tls?.facts.clientCert, asked.tls?.client?.sha256)
  }
})

testEngines('where a client certificate is required, nobody gets in without one that is vouched for', async () => {
  const secrets = secretsOf(server, { clientCa: authority.cert, isClientCertRequired: true })
  await using engine = await openTestEngine({ tls: secrets })
  assert.notEqual(await get(engine), '200 ok')
  assert.notEqual(await get(engine, await (await testAuthority('another')).issue('acme')), '200 ok')
  const seen = await seenOf(engine, 2)
  assert.deepEqual(
    seen.map(({ reason, note }) => [reason, note.startsWith('client certificate: UNABLE_TO_')]),
    [
      ['tls_failed', true],
      ['tls_failed', true],
    ],
  )
  assert.equal(await get(engine, await authority.issue('acme')), '200 ok')
})

testEngines(
  'a client that comes back resumes its session, also with another engine, and is known as before',
  async () => {
    const secrets = secretsOf(server, { clientCa: authority.cert })
    await using one = await openTestEngine({ tls: secrets })
    await using other = await openTestEngine({ tls: secrets })
    const client = await authority.issue('acme')
    const first = dial(one, client)
    const sessions = once(first, 'session') as Promise<[Buffer]>
    await once(first, 'secureConnect')
    const [session] = await sessions
    first.destroy()
    const again = dial(other, { ...client, session })
    await once(again, 'secureConnect')
    assert.equal(again.isSessionReused(), true)
    again.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
    const [seen] = await seenOf(other, 1)
    assert.equal(seen?.request.tls?.client?.fault, null)
    again.destroy()
  },
)

testEngines('an answer that is cut off ends in a reset below TLS', async () => {
  await using upstream = await openHttpUpstream((_, response) => {
    response.write('x'.repeat(100_000))
    setTimeout(() => response.destroy(), 50)
  })
  await using engine = await openTestEngine({ tls: secretsOf(server), upstream: upstreamAt(upstream.url) })
  assert.match(await get(engine), /\(cut\)$|ECONNRESET/)
  const [seen] = await seenOf(engine, 1)
  assert.equal(seen?.reason, 'upstream_reset')
  assert.deepEqual(engine.defects, [])
})

testEngines('an absolute target must be https, with the port of https where none is named', async () => {
  await using engine = await openTestEngine({ tls: secretsOf(server) })
  const ask = async (target: string, host: string): Promise<string> => {
    const socket = dial(engine)
    socket.write(`GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
    let text = ''
    socket.on('data', (chunk) => (text += String(chunk)))
    await once(socket, 'end')
    return text.slice(9, 12)
  }
  assert.equal(await ask('https://a.test/', 'a.test:443'), '200')
  assert.equal(await ask('http://a.test/', 'a.test'), '421')
  assert.equal(await ask('https://a.test:80/', 'a.test'), '421')
})

testEngines('an optional listener is left out where its port is taken', async () => {
  await using engine = await openTestEngine()
  const { openEngine } = await import('./open-engine.ts')
  const { policyOf } = await import('./test/fixtures.ts')
  await using second = await openEngine({
    listeners: [
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port: engine.port, isSecure: true, isOptional: true },
    ],
    tls: secretsOf(server),
    reusePort: false,
    policy: policyOf({}),
    clock: { wallMs: () => 0, monotonicMs: () => 0 },
    ids: { requestId: () => '', spanId: () => '' },
    onDefect: () => {},
    handler: () => Promise.resolve(),
  })
  assert.deepEqual(
    second.addresses.map(({ isSecure }) => isSecure),
    [false],
  )
})

testEngines('nothing is agreed anew on a connection that stands', async () => {
  await using engine = await openTestEngine({ tls: secretsOf(server) })
  const socket = dial(engine, { maxVersion: 'TLSv1.2' })
  await once(socket, 'secureConnect')
  const { promise, resolve } = Promise.withResolvers<Error | null>()
  socket.on('error', resolve)
  socket.renegotiate({ rejectUnauthorized: false }, resolve)
  assert.match((await promise)?.message ?? '', /no renegotiation/)
  socket.destroy()
})

/** TLS as an operator uses it: files, new files, bad files, client certificates; on three gateway threads. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { connect, type ConnectionOptions } from 'node:tls'
import type { ShownEvent } from '../../src/cli/answers.ts'
import { testAuthority, type TestCertificate } from '../support/certificates.ts'
import { freePort, type Program, startProgram, waitFor } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'

/** The status; each on a connection of its own, so that the kernel spreads them over the threads. */
async function status(port: number, path: string, options: ConnectionOptions & { headers?: object }): Promise<number> {
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = { ...options.headers, connection: 'close' }
  const outgoing = request({ host: '127.0.0.1', port, path, agent, ...options, headers }, (incoming) => {
    incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0))
  })
  outgoing.on('error', reject)
  outgoing.end()
  return await promise.finally(() => agent.destroy())
}

async function subjectAt(port: number, ca: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect({ host: '127.0.0.1', port, ca }, () => resolve(socket.getPeerX509Certificate()?.subject ?? ''))
  socket.on('error', reject)
  return await promise.finally(() => socket.destroy())
}

async function recorded(
  program: Program,
  wanted: (event: ShownEvent['event']) => boolean,
): Promise<ShownEvent['event']> {
  let found: ShownEvent['event'] | undefined
  await waitFor(
    async () => {
      const { items } = (await program.client.get('/v1/events')) as { items: ShownEvent[] }
      found = items.map(({ event }) => event).find(wanted)
      return found !== undefined
    },
    5_000,
    () => 'no such record',
  )
  assert.ok(found)
  return found
}

test('TLS by files that are followed, and callers by their certificates', { timeout: 120_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
  const [authority, clients] = [await testAuthority(), await testAuthority('clients')]
  const acme = await clients.issue('acme')
  const put = ({ cert, key }: TestCertificate): void => {
    writeFileSync(join(dir, 'tls.key'), key)
    writeFileSync(join(dir, 'tls.crt'), cert)
  }
  put(await authority.issue('first'))
  writeFileSync(join(dir, 'clients-ca.crt'), clients.cert)
  writeFileSync(join(dir, 'acme.crt'), acme.cert)
  const tlsPort = await freePort()
  await using upstream = await startUpstream()
  await using program = await startProgram({
    dir,
    config: `
version: 1
listen: 127.0.0.1:PORT
threads: 3
admin: { listen: 127.0.0.1:ADMIN }
tls:
  listen: 127.0.0.1:${tlsPort}
  cert: ${dir}/tls.crt
  key: ${dir}/tls.key
  clientCa: ${dir}/clients-ca.crt
apis:
  things:
    upstream: ${upstream.url}
    auth: [api-key, mtls]
    scopes: [things:read]
`,
  })
  const ca = authority.cert

  await t.test('the banner names the address, and the audit log the certificate', async () => {
    assert.match(program.output(), new RegExp(`https://127\\.0\\.0\\.1:${tlsPort}\\n`))
    const { items } = (await program.client.get('/v1/audit')) as {
      items: { event: { kind: string; details: { names?: unknown } } }[]
    }
    const loaded = items.map(({ event }) => event).find(({ kind }) => kind === 'certificate.loaded')
    assert.deepEqual(loaded?.details.names, ['DNS:first', 'DNS:localhost', 'IP Address:127.0.0.1'])
  })

  await t.test('an API key works by TLS as it does without', async () => {
    const made = await program.verb('keys', 'create', '--consumer', 'shop', '--scopes', 'things:read')
    const headers = { 'x-api-key': made.out.trim() }
    assert.deepEqual(
      await Promise.all([1, 2, 3, 4].map(() => status(tlsPort, '/v1/ok', { ca, headers }))),
      [200, 200, 200, 200],
    )
    const event = await recorded(program, ({ consumer }) => consumer === 'shop')
    assert.deepEqual([event.scheme, event.tls?.version, event.identifiedBy], ['https', 'TLSv1.3', 'api-key'])
  })

  await t.test('a certificate counts when it is registered, on all threads, and not after it is revoked', async () => {
    const ask = (): Promise<number[]> =>
      Promise.all(Array.from({ length: 8 }, () => status(tlsPort, '/v1/ok', { ca, ...acme })))
    assert.deepEqual(await ask(), Array(8).fill(401))
    assert.equal((await recorded(program, ({ reason }) => reason === 'invalid_certificate')).status, 401)
    const added = await program.verb(
      'certs',
      'add',
      '--consumer',
      'acme',
      '--file',
      `${dir}/acme.crt`,
      '--scopes',
      'things:read',
    )
    assert.equal(added.code, 0, added.err)
    assert.deepEqual(await ask(), Array(8).fill(200))
    const event = await recorded(program, ({ consumer }) => consumer === 'acme')
    assert.deepEqual([event.identifiedBy, event.credentialId], ['mtls', added.out.trim()])
    assert.match((await program.verb('certs', 'ls')).out, new RegExp(`acme +active .*sha256:${event.tls?.clientCert}`))
    const again = await program.verb('certs', 'add', '--consumer', 'acme', '--file', `${dir}/acme.crt`)
    assert.deepEqual([again.code, /registered already/.test(again.err)], [1, true])
    assert.match((await program.verb('certs', 'revoke', added.out.trim())).out, /revoked/)
    assert.deepEqual(await ask(), Array(8).fill(401))
    assert.equal(await status(tlsPort, '/v1/ok', { ca }), 401)
  })

  await t.test(
    'a new pair of files serves the next connection on every thread; a bad one changes nothing',
    async () => {
      put({ ...(await authority.issue('wrong')), key: (await authority.issue('another')).key })
      await waitFor(
        () => program.output().includes('The new certificate cannot be used'),
        10_000,
        () => program.output(),
      )
      assert.equal(await subjectAt(tlsPort, ca), 'CN=first')
      put(await authority.issue('second'))
      program.child.kill('SIGHUP')
      await waitFor(
        async () => (await subjectAt(tlsPort, ca)) === 'CN=second',
        10_000,
        () => program.output(),
      )
      const subjects = await Promise.all(Array.from({ length: 12 }, () => subjectAt(tlsPort, ca)))
      assert.deepEqual(new Set(subjects), new Set(['CN=second']))
    },
  )

  await t.test('a handshake that fails is recorded with its reason', async () => {
    const socket = connectTcp(tlsPort, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const event = await recorded(program, ({ note }) => note === 'ERR_SSL_HTTP_REQUEST')
    assert.deepEqual([event.status, event.outcome, event.reason, event.scheme], [0, 'refused', 'tls_failed', 'https'])
    socket.destroy()
  })
  rmSync(dir, { recursive: true, force: true })
})

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { type ConsoleFiles, openConsoleFiles } from './console-files.ts'
import { openBench } from './test/bench.ts'
import type { Call } from './test/client.ts'

const page = { headers: { authorization: '', accept: 'text/html,*/*' } } satisfies Call
const script = { headers: { authorization: '', accept: '*/*', 'accept-encoding': 'gzip, deflate, br' } } satisfies Call

interface Built extends Disposable {
  readonly folder: string
  readonly files: ConsoleFiles
  readonly clock: { ms: number }
}

function build(): Built {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-console-'))
  mkdirSync(join(folder, 'dist/assets'), { recursive: true })
  writeFileSync(join(folder, 'secret.txt'), 'not for anybody')
  writeFileSync(join(folder, 'dist/index.html'), '<title>console</title>')
  writeFileSync(join(folder, 'dist/assets/index-a1.js'), 'plain')
  writeFileSync(join(folder, 'dist/assets/index-a1.js.br'), 'packed')
  writeFileSync(join(folder, 'dist/assets/font.woff2'), 'font')
  writeFileSync(join(folder, 'dist/notes.md'), 'not served')
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'dist/linked.txt'))
  const clock = { ms: 0 }
  return {
    folder,
    clock,
    files: openConsoleFiles(join(folder, 'dist'), () => clock.ms),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

test('the page of the console answers every path that a browser opens, without a token', async () => {
  using built = build()
  await using bench = await openBench({ console: built.files })
  for (const path of ['/', '/setup', '/live', '/ledger', '/ledger/access', '/incidents/INC-1', '/reviews?x=a.b']) {
    const { status, text, headers } = await bench.call('GET', path, page)
    assert.deepEqual([status, text], [200, '<title>console</title>'], path)
    assert.equal(headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(headers['cache-control'], 'no-cache')
  }
})

test('the page is sent with a policy under which only its own files run, and with nothing else allowed', async () => {
  using built = build()
  await using bench = await openBench({ console: built.files })
  const { headers } = await bench.call('GET', '/', page)
  assert.equal(
    headers['content-security-policy'],
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
      "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  )
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
  assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['referrer-policy'], 'no-referrer')
  assert.match(headers['permissions-policy']?.toString() ?? '', /camera=\(\)/)
  const api = await bench.call('GET', '/v1/status')
  assert.equal(api.headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'")
})

test('assets are kept for good, packed where the build packed them, and not sent again', async () => {
  using built = build()
  await using bench = await openBench({ console: built.files })
  const packed = await bench.call('GET', '/assets/index-a1.js', script)
  assert.deepEqual([packed.text, packed.headers['content-encoding']], ['packed', 'br'])
  assert.equal(packed.headers['content-type'], 'text/javascript; charset=utf-8')
  assert.equal(packed.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal(packed.headers['vary'], 'accept-encoding')
  const plain = await bench.call('GET', '/assets/index-a1.js', page)
  assert.deepEqual([plain.text, plain.headers['content-encoding']], ['plain', undefined])
  assert.notEqual(plain.headers['etag'], packed.headers['etag'])
  const known = { headers: { ...page.headers, 'if-none-match': String(plain.headers['etag']) } }
  assert.equal((await bench.call('GET', '/assets/index-a1.js', known)).status, 304)
  const head = await bench.call('HEAD', '/assets/font.woff2', page)
  assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '4'])
})

test('nothing but the files of the build is ever sent', async () => {
  using built = build()
  await using bench = await openBench({ console: built.files })
  for (const path of [
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//secret.txt',
    '/linked.txt',
    '/notes.md',
    '/assets/missing.js',
    '/assets',
  ]) {
    const { status, text } = await bench.call('GET', path, script)
    assert.ok(status === 401 || status === 400 || status === 404, `${path}: ${status}`)
    assert.doesNotMatch(text, /not for anybody|not served/)
  }
})

test('the API is not shadowed by pages, whatever is asked for', async () => {
  using built = build()
  await using bench = await openBench({ console: built.files })
  for (const path of ['/v1/status', '/v1/nothing', '/v1', '/openapi.json', '/ledger/access/checkpoint'])
    assert.equal((await bench.call('GET', path, page)).status, 401, path)
  assert.equal((await bench.call('GET', '/healthz', page)).status, 200)
  assert.equal((await bench.call('POST', '/live', page)).status, 401)
})

test('without a build the page says how to make one, and is there as soon as it is built', async () => {
  using built = build()
  rmSync(join(built.folder, 'dist'), { recursive: true })
  await using bench = await openBench({ console: built.files })
  const before = await bench.call('GET', '/setup', page)
  assert.equal(before.status, 503)
  assert.match(before.text, /npm run build:console/)
  mkdirSync(join(built.folder, 'dist'))
  writeFileSync(join(built.folder, 'dist/index.html'), 'built')
  built.clock.ms += 1_000
  assert.equal((await bench.call('GET', '/setup', page)).text, 'built')
})

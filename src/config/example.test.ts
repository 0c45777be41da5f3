import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { commentedExample } from './example.ts'
import { openSchemaMap } from './json-schema.ts'
import { type LoadedConfig, loadText } from './load-config.ts'

const upstream = 'http://localhost:3000'
// The example names a document, which is to be there.
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-example-'))
after(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'orders.openapi.yaml'), 'openapi: 3.1.0\npaths: {}\n')
const load = (text: string): LoadedConfig => loadText(text, { path: join(folder, 'gatehouse.yaml'), env: {}, cores: 2 })
const uncommented = commentedExample({ upstream }).replaceAll(/^( *)#(?=[^ #]| {2})/gm, '$1')

test('commentedExample() loads, and only advises to enforce', () => {
  const read = load(commentedExample({ upstream }))
  assert.ok(read.ok, read.ok ? '' : read.text)
  assert.deepEqual(read.warnings.match(/^warning.*$/gm), [
    'warning[GH-W001]: observe mode: nothing is refused for "default"',
  ])
})

test('commentedExample() shows the defaults: with every setting switched on it means the same, but for the examples', () => {
  const [shown, all] = [load(commentedExample({ upstream })), load(uncommented)]
  assert.ok(shown.ok && all.ok, all.ok ? '' : all.text)
  const { node, tls } = shown.config.gate
  assert.deepEqual({ ...all.config.gate, node, tls }, shown.config.gate)
  assert.equal(all.config.gate.tls?.clientCert, 'optional')
  assert.equal(all.config.gate.node, 'gate-1.example.com')
  const { apis, trustedHops, issuers, roles, ...settings } = all.config.policy
  const { apis: _apis, trustedHops: _hops, issuers: _issuers, roles: _roles, ...defaults } = shown.config.policy
  assert.deepEqual(settings, defaults)
  assert.deepEqual(
    issuers.map(({ name, clockSkewMs, ageMsMax }) => [name, clockSkewMs, ageMsMax]),
    [['default', 5_000, 86_400_000]],
  )
  assert.deepEqual(apis[0]?.upstreams, shown.config.policy.apis[0]?.upstreams)
  assert.deepEqual(
    roles?.map(({ name }) => name),
    ['reader', 'writer'],
  )
  assert.deepEqual(trustedHops, ['10.0.0.0/8'])
  assert.equal(apis[0]?.routes.length, 3)
})

test('commentedExample() shows every section and every scalar of the whole file and of an API', () => {
  const file: unknown = parse(uncommented)
  const missing = openSchemaMap()
    .scalars(['default'])
    .filter((path) => path.reduce<unknown>((node, step) => Object(node)[step], file) === undefined)
    .map((path) => path.join('.'))
  // An API's own mode is told of beside the mode of the file.
  assert.deepEqual(missing, ['apis.default.mode'])
})

test('commentedExample() stays one value whatever the upstream holds', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 40 }),
        fc.stringMatching(/^https?:\/\/[a-z.]{1,8}(:\d{1,4})?[/a-z #'"{}:-]{0,12}$/),
        fc.constantFrom('http://a # b', 'http://a"', "$&$'", 'http://a\nmode: enforce'),
      ),
      (text) => {
        const file: unknown = parse(commentedExample({ upstream: text }))
        assert.equal((file as { apis: { default: { upstream: string } } }).apis.default.upstream, text) // the example's shape
      },
    ),
  )
})

import assert from 'node:assert/strict'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exitCodeOf } from '../src/cli/exit-codes.ts'
import { loadConfig, type LoadedConfig, type ProblemCode, problemCodes } from '../src/config/mod.ts'
import { errorCodes, GatehouseError, reasons } from '../src/core/mod.ts'
import { problems } from '../src/desk/admin/problem.ts'
import { allCodes, errorPages, generatedFiles, kindOf, readHelp, staleOf } from './docs.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const errorPage = (code: string): string => read(`docs/reference/errors/${code}.md`)
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).toSorted()

test('generatedFiles() is what stands in the repository; npm run docs refreshes it', async () => {
  const stale = staleOf(await generatedFiles()).map(([path]) => path)
  assert.deepEqual(stale, [])
})

test('every reason, error and problem has a page, and every page a code', () => {
  assert.deepEqual(errorPages(), [...allCodes].toSorted())
})

test('a page of an error says what happened, what is seen of it, how to mend it, and what is related', () => {
  for (const code of errorPages()) {
    const headings = [...errorPage(code).matchAll(/^#+ .*$/gm)].map(([line]) => line)
    const seenBy = headings[2] ?? ''
    assert.match(seenBy, /^## What the (?:caller|operator) sees$/, code)
    assert.deepEqual(headings, [`# ${code}`, '## What happened', seenBy, '## How to mend it', '## Related'], code)
  }
})

test('a page of an error names the status, title or exit code that the sources have', () => {
  for (const [code, { status, title }] of Object.entries(reasons)) {
    assert.ok(errorPage(code).includes(`\n**${status === 0 ? 'No answer' : status} · ${title}**`), code)
    if (status !== 0) assert.ok(errorPage(code).includes(`Status ${status}`), code)
  }
  for (const code of errorCodes) {
    assert.ok(errorPage(code).includes(`\n**Exit code ${exitCodeOf(new GatehouseError(code, ''))}**`), code)
  }
  for (const [code, meaning] of Object.entries(problemCodes))
    assert.ok(errorPage(code).includes(`\n**${meaning}**`), code)
  for (const [code, { status }] of Object.entries(problems)) {
    if (!(code in reasons)) assert.ok(errorPage(code).includes(String(status)), `${code} of the admin API`)
  }
})

test('links of the documents lead to files and headings that are there', () => {
  const broken: string[] = []
  for (const page of pages) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      if (!existsSync(join(root, file))) broken.push(`${page}: ${target}`)
      else if (anchor !== undefined && !anchorsOf(file).includes(anchor)) broken.push(`${page}: ${target}`)
    }
  }
  assert.deepEqual(broken, [])
})

function anchorsOf(file: string): readonly string[] {
  return [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('configurations in the documents load without problems', (t) => {
  const load = loader(t)
  for (const page of pages) {
    for (const [, yaml = ''] of read(page).matchAll(/^```yaml\n([^]*?)^```$/gm)) {
      if (!yaml.includes('version: 1')) continue
      const loaded = load(yaml)
      assert.ok(loaded.ok, `${page}:\n${loaded.ok ? '' : loaded.text}`)
    }
  }
})

/** The mistake that each page of a configuration problem shows. */
const mistakes: Readonly<Record<Exclude<ProblemCode, 'GH-C001' | 'GH-C016' | 'GH-W005'>, string>> = {
  'GH-C002': 'version: 1\napis:\n  orders: { upstream: ${ORDERS_URL} }',
  'GH-C003': 'version: 1\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    mode: observe\n    mode: enforce',
  'GH-C004': 'version: 1\napis:\n  orders:\n    upstrem: http://127.0.0.1:3000',
  'GH-C005': 'apis:\n  orders:\n    upstream: http://127.0.0.1:3000',
  'GH-C006': 'version: 1\nthreads: "2"\napis:\n  orders:\n    upstream: http://127.0.0.1:3000',
  'GH-C007': 'version: 1\nmode: enfroce\napis:\n  orders:\n    upstream: http://127.0.0.1:3000',
  'GH-C008':
    'version: 1\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    limits:\n      - { name: per-consumer, per: consumer, allow: 600 per minute }',
  'GH-C009': 'version: 1\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    timeouts: { connect: 1ms }',
  'GH-C010': 'version: 1\napis:\n  orders:\n    upstream: env:ORDERS_URL',
  'GH-C011':
    'version: 1\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    limits:\n      - { name: per-consumer, per: consumer, allow: 600/m }\n      - { name: per-consumer, per: consumer, allow: 20/s }',
  'GH-C012':
    "version: 1\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    routes:\n      - { path: '/v1/orders/{id}', methods: [GET] }\n      - { path: '/v1/orders/{name}', methods: [GET, DELETE] }",
  'GH-C013':
    "version: 1\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    routes: [{ path: '/v1/{rest*}' }]\n  users:\n    upstream: http://127.0.0.1:3001\n    routes: [{ path: '/v1/{rest*}' }]",
  'GH-C014':
    'version: 1\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    routes:\n      - { path: /v1/login, auth: none, scopes: [login] }',
  'GH-C015':
    'version: 1\nlisten: [127.0.0.1:8080, 0.0.0.0:8080]\napis:\n  orders:\n    upstream: http://127.0.0.1:3000',
  'GH-C017': 'version: 1\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    openapi: { file: ./ordres.yaml }',
  'GH-W001':
    'version: 1\nmode: observe\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    limits: [{ name: all, per: ip, allow: 50/s }]',
  'GH-W002':
    'version: 1\nlisten: 0.0.0.0:8080\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    limits: [{ name: all, per: ip, allow: 50/s }]',
  'GH-W003': 'version: 1\napis:\n  orders:\n    upstream: http://127.0.0.1:3000',
  'GH-W004':
    'version: 1\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    routes:\n      - { path: /login, auth: none, limits: [{ name: logins, per: consumer, allow: 10/m }] }',
  'GH-W006':
    'version: 1\ntrustedHops: [0.0.0.0/0]\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    limits: [{ name: all, per: ip, allow: 50/s }]',
  'GH-W007':
    'version: 1\napis:\n  orders:\n    upstream: http://127.0.0.1:3000\n    limits: [{ name: all, per: ip, allow: 50/s }]\n    routes:\n      - { path: /admin, scopes: [admin] }\n      - path: /{rest*}',
}

test('pages of configuration problems show what gatehouse check prints', (t) => {
  const load = loader(t)
  for (const [code, yaml] of Object.entries(mistakes)) {
    const loaded = load(yaml)
    if (!loaded.ok) assert.deepEqual(new Set(loaded.problems.map((problem) => problem.code)), new Set([code]), code)
    const [frame = ''] = (loaded.ok ? loaded.warnings : loaded.text).split('\n\n')
    assert.ok(errorPage(code).includes(`\`\`\`text\n${frame.trimEnd()}\n\`\`\``), `${code} should show\n${frame}`)
  }
})

/** Reads a configuration as `gatehouse.yaml` in an empty environment. */
function loader(t: TestContext): (yaml: string) => LoadedConfig {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-docs-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'gatehouse.yaml')
  const named = (text: string): string => text.replaceAll(path, 'gatehouse.yaml')
  return (yaml) => {
    writeFileSync(path, `${yaml}\n`)
    const loaded = loadConfig({ path, env: {} })
    return loaded.ok ? { ...loaded, warnings: named(loaded.warnings) } : { ...loaded, text: named(loaded.text) }
  }
}

test('kindOf() throws on a kind that it has no name for', () => {
  assert.equal(kindOf({ type: 'integer', minimum: 1, maximum: 5 }), 'whole number, 1 to 5')
  assert.throws(() => kindOf({ type: 'string', pattern: '^new$' }), /No name for the kind/)
})

test('readHelp() reads wrapped help as it reads help on one line', () => {
  const usage = 'Usage: gatehouse up [options]\n\n'
  const whole = `${usage}start both processes\n\nOptions:\n  --data <folder>  where the data is\n  -h, --help       display help for command\n`
  const wrapped = `${usage}start both\nprocesses\n\nOptions:\n  --data <folder>  where the\n                   data is\n  -h, --help       display help\n                   for command\n`
  assert.deepEqual(readHelp(wrapped), readHelp(whole))
  assert.deepEqual(readHelp(whole).options, [['--data <folder>', 'where the data is']])
})

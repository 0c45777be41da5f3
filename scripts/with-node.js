/**
 * Runs a script of the project with the Node it needs: `node scripts/with-node.js FILE [ARGUMENTS]`.
 * Sets up node_modules from the lock first, and only when it differs from the lock, and builds the console where its sources are
 * newer than what was built, so that a bare clone needs no other command.
 * Plain JavaScript for any Node from 18 on.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [file, ...args] = process.argv.slice(2)
if (file === undefined) fail('Usage: node scripts/with-node.js FILE [ARGUMENTS]')
if (!isSetUp()) setUp()
const node = suitableNode()
if (isConsoleStale()) buildConsole()
// npm runs scripts from the package's root; a path that the user typed is meant from where they stood.
const cwd = process.env.INIT_CWD !== undefined && file.startsWith('bin/') ? process.env.INIT_CWD : root
const child = spawn(node, [join(root, file), ...args], { stdio: 'inherit', cwd })
// Ctrl-C reaches the whole group; what is sent to us alone is handed on.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
process.on('SIGINT', () => {})
child.on('error', (error) => fail(`Cannot start ${node}: ${error.message}`))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))

/** True when every package that the lock names for this machine is there at its version. */
function isSetUp() {
  const wanted = packagesOf('package-lock.json')
  const present = packagesOf('node_modules/.package-lock.json')
  if (present === null) return false
  return Object.entries(wanted ?? {}).every(([path, entry]) => {
    if (path === '' || entry.optional === true || entry.peer === true) return true
    return present[path]?.version === entry.version
  })
}

function packagesOf(name) {
  const path = join(root, name)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : null
}

function setUp() {
  process.stderr.write('Setting up (npm ci, once, about 20 s)\n')
  const ended = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (ended.status !== 0) fail('Cannot set up: npm ci failed, see above')
}

/** What is built from is everything in `dashboard` but what was built, and the verifier that runs in the browser. */
function isConsoleStale() {
  const built = statSync(join(root, 'dashboard', 'dist', 'index.html'), { throwIfNoEntry: false })
  if (built === undefined) return existsSync(join(root, 'dashboard', 'index.html'))
  const sources = ['dashboard', 'src/tlog', 'package-lock.json'].map((path) => join(root, path))
  return sources.some((path) => newestMs(path) > built.mtimeMs)
}

function newestMs(path) {
  const found = statSync(path)
  if (!found.isDirectory()) return found.mtimeMs
  const inside = readdirSync(path).filter((name) => name !== 'dist' && name !== 'node_modules')
  return inside.reduce((newest, name) => Math.max(newest, newestMs(join(path, name))), 0)
}

/** Without the console Gatehouse still runs, and says at its address what is missing. */
function buildConsole() {
  process.stderr.write('Building the console (once, about 10 s)\n')
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const ended = spawnSync(node, [vite, 'build', 'dashboard', '--logLevel', 'error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (ended.status !== 0)
    process.stderr.write('warning: the console could not be built, see above; everything else works\n')
}

function suitableNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 24 || (major === 24 && minor >= 12)) return process.execPath
  const own = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(own)) return own
  return fail(
    `Gatehouse needs Node 24.12 or newer, this is ${process.versions.node}, and no packaged one exists for ${process.platform}-${process.arch}`,
  )
}

function fail(sentence) {
  process.stderr.write(`error: ${sentence}\n`)
  process.exit(2)
}

/**
 * `npm run check`: types, lint, format, boundaries, unit tests; side by side where that is faster. `format --write` mends layout.
 * A unit test that passed, and whose sources have not changed since, does not run again; `--all` runs every one.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { passedTests } from './passed-tests.ts'
import { unitTestFiles } from './test-files.ts'

interface Step {
  readonly name: string
  readonly command: readonly string[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
const tool = (name: string): string => `${root}node_modules/.bin/${name}`

const types: Step = { name: 'types', command: [tool('tsc'), '--noEmit', '-p', root] }
const consoleTypes: Step = {
  name: 'types of the console',
  command: [tool('tsc'), '--noEmit', '-p', `${root}dashboard`],
}
const lint: Step = { name: 'lint', command: [tool('oxlint'), '--type-aware', '--deny-warnings'] }
const format: Step = { name: 'format', command: [tool('oxfmt'), '--check'] }
const tidy: Step = { name: 'tidy', command: [process.execPath, 'scripts/tidy.ts'] }
const unitTests = 'unit tests'

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === 'format')
    return await run({ name: 'format', command: [tool('oxfmt'), ...(args.includes('--write') ? [] : ['--check'])] })
  const started = performance.now()
  // Each lane keeps one core busy.
  const codes = await Promise.all([
    inTurn([types, consoleTypes, format, tidy]),
    inTurn([lint]).then(async (done) => [...done, await runUnitTests(args.includes('--all'))]),
  ])
  const failed = codes.flat().filter((code) => code !== 0).length
  process.stderr.write(
    `check: ${failed === 0 ? 'all well' : `${failed} failed`} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
  )
  return failed === 0 ? 0 : 1
}

async function runUnitTests(all: boolean): Promise<number> {
  const files = unitTestFiles()
  const passed = passedTests(files)
  const wanted = all ? files : passed.due
  if (wanted.length === 0) {
    process.stderr.write(`✓ unit tests: all ${files.length} files passed before, as they are\n`)
    return 0
  }
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-check-'))
  const failedPath = join(folder, 'failed')
  const code = await run({ name: unitTests, command: unitCommand(wanted, failedPath) })
  const failed = readFileSync(failedPath, 'utf8')
    .split('\n')
    .map((path) => relative(root, path))
  rmSync(folder, { recursive: true })
  // A run that failed without naming a file says nothing about any of them.
  if (code === 0 || failed.length > 1) passed.keep(wanted.filter((file) => !failed.includes(file)))
  if (wanted.length < files.length)
    process.stderr.write(`  ${files.length - wanted.length} files passed before, as they are\n`)
  return code
}

function unitCommand(files: readonly string[], failedPath: string): readonly string[] {
  return [
    process.execPath,
    '--import',
    './scripts/few-runs.ts',
    '--test',
    '--test-isolation=none',
    '--test-reporter=dot',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/failed-files.ts',
    `--test-reporter-destination=${failedPath}`,
    ...files,
  ]
}

async function inTurn(steps: readonly Step[]): Promise<number[]> {
  const codes: number[] = []
  for (const step of steps) codes.push(await run(step))
  return codes
}

/** Output is shown whole when the step ends, so that steps side by side do not mix. */
async function run({ name, command: [program = '', ...args] }: Step): Promise<number> {
  const started = performance.now()
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  const code = await new Promise<number>((resolve) => {
    child.on('error', (error) => {
      output += error.message
      resolve(1)
    })
    child.on('close', (ended) => resolve(ended ?? 1))
  })
  const quiet = code === 0 && name !== unitTests
  if (!quiet) process.stdout.write(output)
  process.stderr.write(`${code === 0 ? '✓' : '✕'} ${name} ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
  return code
}

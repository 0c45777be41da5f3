/** `npm run check`: types, lint, format, boundaries, unit tests; side by side where that is faster. `format --write` mends layout. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { unitTestFiles } from './test-files.ts'

interface Step {
  readonly name: string
  readonly command: readonly string[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
const tool = (name: string): string => `${root}node_modules/.bin/${name}`

const types: Step = { name: 'types', command: [tool('tsc'), '--noEmit', '-p', root] }
const lint: Step = { name: 'lint', command: [tool('oxlint'), '--type-aware', '--deny-warnings'] }
const format: Step = { name: 'format', command: [tool('oxfmt'), '--check'] }
const tidy: Step = { name: 'tidy', command: [process.execPath, 'scripts/tidy.ts'] }
const unit: Step = {
  name: 'unit tests',
  command: [
    process.execPath,
    '--import',
    './scripts/few-runs.ts',
    '--test',
    '--test-isolation=none',
    '--test-reporter=dot',
    ...unitTestFiles(),
  ],
}

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === 'format')
    return await run({ name: 'format', command: [tool('oxfmt'), ...(args.includes('--write') ? [] : ['--check'])] })
  const started = performance.now()
  // The compilers and the tests each keep one core busy; what is quick goes along.
  const codes = await Promise.all([inTurn([types, lint, format, tidy]), inTurn([unit])])
  const failed = codes.flat().filter((code) => code !== 0).length
  process.stderr.write(
    `check: ${failed === 0 ? 'all well' : `${failed} failed`} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
  )
  return failed === 0 ? 0 : 1
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
  const quiet = code === 0 && name !== 'unit tests'
  if (!quiet) process.stdout.write(output)
  process.stderr.write(`${code === 0 ? '✓' : '✕'} ${name} ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
  return code
}

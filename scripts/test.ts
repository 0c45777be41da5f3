/**
 * `npm test [-- PATTERN …]`: every test that runs without other servers; unit tests in one process, then each end-to-end and
 * fault test in its own. Says what was skipped and why. With CI=true a missing component is a failure, not a skip.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isolatedTestFiles, unitTestFiles } from './test-files.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
process.exitCode = main(process.argv.slice(2))

function main(patterns: readonly string[]): number {
  const wanted = (file: string): boolean => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern))
  const unit = unitTestFiles().filter(wanted)
  const isolated = isolatedTestFiles().filter(wanted)
  if (unit.length + isolated.length === 0) {
    process.stderr.write(`error: No test file matches ${patterns.join(' ')}\n`)
    return 2
  }
  const codes = [
    runTests(['--test-isolation=none', ...unit], unit.length),
    // One at a time: they start whole gateways, and load on one must not time another out.
    runTests(['--test-concurrency=1', ...isolated], isolated.length),
  ]
  return codes.some((code) => code !== 0) ? 1 : 0
}

function runTests(args: readonly string[], files: number): number {
  if (files === 0) return 0
  return (
    spawnSync(process.execPath, ['--test', '--test-reporter=spec', ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
    }).status ?? 1
  )
}

/** `npm run bench -- <suite> [--check] [--quick]`: measures one suite, shows its table, keeps its report. */
import { parseArgs } from 'node:util'
import { type BenchOptions, type BenchResult, reportOf, reportText, writeReport } from './harness.ts'

/** Loaded only when asked for: a suite must not need what another one imports. */
const suites: Readonly<Record<string, (options: BenchOptions) => Promise<BenchResult>>> = {
  gateway: async (options) => (await import('./gateway.ts')).run(options),
  facts: async (options) => (await import('./facts.ts')).run(options),
  ledger: async (options) => (await import('./ledger.ts')).run(options),
  limits: async (options) => (await import('./limits.ts')).run(options),
  whole: async (options) => (await import('./whole.ts')).run(options),
}

const usage = `Usage: npm run bench -- <${Object.keys(suites).join('|')}> [--check] [--quick]

  --check  exit with 1 when a bar falls short
  --quick  only what the bars need, in short rounds; nothing is written to bench/results
`

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const wish = wishOf(args)
  const suite = wish === null ? undefined : suites[wish.suite]
  if (wish === null || suite === undefined) {
    process.stderr.write(usage)
    return 2
  }
  const result = await suite({ quick: wish.quick, say: (line) => process.stderr.write(`${line}\n`) })
  const report = reportOf(wish.suite, result)
  process.stdout.write(`${reportText(report)}\n`)
  if (!wish.quick) process.stderr.write(`Written to ${writeReport(report)}\n`)
  return wish.check && report.bars.some((bar) => !bar.holds) ? 1 : 0
}

function wishOf(args: readonly string[]): { suite: string; check: boolean; quick: boolean } | null {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { check: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
    })
    const suite = positionals.length === 1 ? positionals[0] : undefined
    return suite === undefined ? null : { suite, check: values.check, quick: values.quick }
  } catch {
    return null // an option that does not exist
  }
}

/** What every suite of measurements shares: the shape of its result, medians, bars, and how the result is shown and kept. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

/** One line of figures; columns are the suite's own, units stand last in their names. */
export type BenchRow = Readonly<Record<string, string | number | boolean | null>>

/** One promise about the figures. `value` is null where it could not be measured, and the bar then falls short. */
export interface BenchBar {
  readonly name: string
  readonly value: number | null
  readonly unit: string
  readonly goal: number
  readonly better: 'higher' | 'lower'
  readonly holds: boolean
  /** Why it falls short, or under which condition it holds. */
  readonly note?: string
}

/** What a suite's `run` returns. */
export interface BenchResult {
  readonly rows: readonly BenchRow[]
  readonly bars: readonly BenchBar[]
}

/** What is written to `bench/results/<suite>.json`. */
export interface BenchReport extends BenchResult {
  readonly suite: string
  /** ISO 8601, UTC. */
  readonly date: string
  readonly machine: string
  readonly node: string
  /** Of the checkout; `-dirty` behind it when files differ from it. */
  readonly commit: string
}

/** How a run was asked for. */
export interface BenchOptions {
  /** Only what the bars need, in short rounds: to try a change, not to publish. */
  readonly quick: boolean
  /** Takes one line for a person who waits. */
  readonly say: (line: string) => void
}

/** Builds a bar and decides it. */
export function barOf(bar: Omit<BenchBar, 'holds'>): BenchBar {
  const { value, goal, better } = bar
  const holds = value !== null && (better === 'higher' ? value >= goal : value <= goal)
  return { ...bar, value: value === null ? null : rounded(value), holds }
}

/** The middle of the values, or the mean of the middle two; null of none. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[sorted.length >> 1]
  const lower = sorted[(sorted.length - 1) >> 1]
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2
}

/** Four digits that count; whole numbers stay whole. */
export function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4))
}

/** Adds where, when and on which code the figures were taken. */
export function reportOf(suite: string, result: BenchResult): BenchReport {
  return {
    suite,
    date: new Date().toISOString(),
    machine: machine(),
    node: process.version,
    commit: commit(),
    rows: result.rows,
    bars: result.bars,
  }
}

/** Keeps the report where the project's history shows how the figures moved. Returns the path. */
export function writeReport(report: BenchReport): string {
  const path = new URL(`results/${report.suite}.json`, import.meta.url).pathname
  mkdirSync(new URL('results', import.meta.url), { recursive: true })
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`)
  return path
}

/** The report as a person reads it in a terminal. */
export function reportText(report: BenchReport): string {
  const bars = report.bars.map((bar) => ({
    bar: bar.name,
    value: bar.value === null ? 'not measured' : `${bar.value} ${bar.unit}`.trim(),
    goal: `${bar.better === 'higher' ? '≥' : '≤'} ${bar.goal}`,
    holds: bar.holds ? 'yes' : 'NO',
    note: bar.note ?? '',
  }))
  const head = `${report.suite}, ${report.date}, ${report.machine}, Node ${report.node}, ${report.commit}`
  return `${head}\n\n${tableText(report.rows)}\n\n${tableText(bars)}\n`
}

/** Rows under one heading, numbers to the right; a text that is the same in all rows stands once, below them. */
export function tableText(rows: readonly BenchRow[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const common = rows.length < 2 ? [] : names.filter((name) => isCommonText(rows, name))
  const columns = names.filter((name) => !common.includes(name))
  const cells = rows.map((row) => columns.map((column) => shown(row[column] ?? null)))
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((line) => line[i]?.length ?? 0)))
  const numeric = columns.map((column) => rows.every((row) => typeof row[column] !== 'string'))
  const lineOf = (line: readonly string[]): string =>
    line
      .map((cell, i) => (numeric[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
  const below = common.map((name) => `${name}: ${shown(rows[0]?.[name] ?? null)}`)
  return [...[columns, ...cells].map((line) => lineOf(line).trimEnd()), ...below].join('\n')
}

function isCommonText(rows: readonly BenchRow[], name: string): boolean {
  const first = rows[0]?.[name]
  return typeof first === 'string' && first.length > commonCharsMin && rows.every((row) => row[name] === first)
}

/** A shorter text costs little in a column, and a reader looks for it there. */
const commonCharsMin = 20

function shown(value: string | number | boolean | null): string {
  if (value === null) return '–'
  return typeof value === 'number' && Math.abs(value) >= 10_000 ? value.toLocaleString('en') : String(value)
}

function machine(): string {
  const cores = cpus()
  const memoryGib = Math.round(totalmem() / 2 ** 30)
  return `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown CPU'}, ${memoryGib} GiB, ${process.platform} ${release()}`
}

function commit(): string {
  try {
    return git(['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'])
  } catch {
    return 'unknown' // an unpacked archive has no history
  }
}

function git(args: readonly string[]): string {
  const cwd = new URL('..', import.meta.url).pathname
  return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}

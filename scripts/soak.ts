/**
 * `npm run soak [-- --minutes N] [--rate N] [--only memory|faults]`: what takes too long for every day. First a ledger at a steady rate, whose
 * memory must not grow, then SIGKILL and a verification of everything; then every system call of the ledger with every fault,
 * and thousands of power cuts. Prints the figures; exit code 1 when something does not hold.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { judgeRestart } from '../test/support/ledger-judge.ts'
import { type SoakPlan, type SoakSample, soakWriterPath } from '../test/support/soak-writer.ts'

/** Resident memory at the end against that after the warm-up. */
const growthMax = 1.1
const warmUpShare = 0.25
const sampleMs = 5000
/** The rate counts as held at this share of it. */
const rateShareMin = 0.95

const faultTests = ['test/fault/ledger-syscalls.test.ts', 'test/fault/power-cut.test.ts']

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      rate: { type: 'string', default: '5000' },
      only: { type: 'string', default: '' },
    },
  })
  const holds = [
    values.only === 'faults' || (await soakMemory(Number(values.minutes), Number(values.rate))),
    values.only === 'memory' || soakFaults(),
  ]
  return holds.every(Boolean) ? 0 : 1
}

async function soakMemory(minutes: number, recordsPerSecond: number): Promise<boolean> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-soak-'))
  try {
    const plan: SoakPlan = { dataDir, recordsPerSecond, sampleMs }
    const child = spawn(process.execPath, [soakWriterPath, JSON.stringify(plan)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const samples = await gather(child, minutes * 60_000)
    const holds = judgeSamples(samples, recordsPerSecond)
    say('killed; restarting and verifying everything …')
    const startedMs = performance.now()
    const { sizes, notices } = await judgeRestart(dataDir, { acks: [], published: [] })
    say(
      `${sizes.access} records intact, ${notices.length} torn ends cut, in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
    )
    const acknowledged = samples.at(-1)?.records ?? 0
    if (sizes.access < acknowledged) say(`✕ ${acknowledged} were acknowledged`)
    return holds && sizes.access >= acknowledged
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** Samples until the time is over; then the writer is killed. */
async function gather(child: ChildProcess, ms: number): Promise<SoakSample[]> {
  const samples: SoakSample[] = []
  if (child.stdout === null) throw new Error('the writer has no output')
  createInterface({ input: child.stdout }).on('line', (line) => {
    const sample = JSON.parse(line) as SoakSample // printed by the writer
    samples.push(sample)
    if (samples.length % 6 === 0) say(textOf(sample))
  })
  const ended = once(child, 'exit')
  const timer = setTimeout(() => child.kill('SIGKILL'), ms)
  const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null]
  clearTimeout(timer)
  if (signal !== 'SIGKILL') throw new Error(`the writer ended with ${code ?? signal}`)
  return samples
}

function textOf({ seconds, records, signed, rssBytes, externalBytes, cpuSeconds }: SoakSample): string {
  const [rss, external] = [rssBytes, externalBytes].map((bytes) => `${(bytes / 1048576).toFixed(0)} MiB`)
  const perRecordUs = ((cpuSeconds * 1e6) / Math.max(records, 1)).toFixed(1)
  return `${seconds.toFixed(0)} s: ${records} records, ${signed} signed, ${rss} resident, ${external} external, ${perRecordUs} µs CPU a record`
}

function judgeSamples(samples: readonly SoakSample[], recordsPerSecond: number): boolean {
  const warm = samples.slice(Math.floor(samples.length * warmUpShare))
  const quarter = Math.max(1, Math.floor(warm.length / 4))
  const [first, last] = [warm.slice(0, quarter), warm.slice(-quarter)].map((part) =>
    median(part.map(({ rssBytes }) => rssBytes)),
  )
  const [begin, end] = [warm[0], warm.at(-1)]
  if (first === undefined || last === undefined || begin === undefined || end === undefined)
    throw new Error('too short for a judgement')
  const rate = (end.records - begin.records) / Math.max(end.seconds - begin.seconds, 1)
  const growth = last / first
  say(`after the warm-up: ${rate.toFixed(0)} records/s, resident memory ${((growth - 1) * 100).toFixed(1)} %`)
  if (growth > growthMax) say('✕ memory grows')
  if (rate < recordsPerSecond * rateShareMin) say(`✕ ${recordsPerSecond} records/s were not held`)
  return growth <= growthMax && rate >= recordsPerSecond * rateShareMin
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function soakFaults(): boolean {
  const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=1', ...faultTests], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, GATEHOUSE_SOAK: '1' },
  })
  return status === 0
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

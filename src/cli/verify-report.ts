import type { Fault } from '../tlog/mod.ts'
import { painter, type Paint, printable, type Terminal } from './terminal.ts'
import type { Verdict } from './verify.ts'

/** What was found, for a person: each log in one paragraph, each fault in one line. */
export function verdictText(verdicts: readonly Verdict[], terminal: Terminal): string {
  const paint = painter(terminal)
  const keysFromLog = verdicts.some(({ keyFrom }) => keyFrom === 'log')
  const advice = keysFromLog
    ? `${paint('yellow', 'The key was taken from the log itself.')} That finds damage, not a forger who replaced both: keep the log's vkey elsewhere, and name it with --vkey.\n`
    : ''
  return verdicts.map((verdict) => textOf(verdict, paint)).join('') + advice
}

function textOf(verdict: Verdict, paint: Paint): string {
  const { log, origin, size, root, signers, entriesChecked, prunedTo, faults, faultsTotal } = verdict
  const mark = {
    intact: paint('green', '✓ intact'),
    partial: paint('yellow', '! partial'),
    tampered: paint('red', '✕ tampered'),
  }
  const lines = [`${mark[verdict.verdict]}  ${log}: ${printable(origin)}`]
  if (size === null || root === null) lines.push('  there is no checkpoint that can be believed')
  else {
    lines.push(`  ${count(size)} records under root ${root}, signed by ${signers.map(printable).join(', ')}`)
    const gone = prunedTo === 0 ? '' : `, ${count(prunedTo)} are pruned`
    lines.push(
      `  ${count(entriesChecked)} records read and proven${gone}; ${count(verdict.checkpointsCompared)} earlier checkpoints compared`,
    )
  }
  if (verdict.unsigned !== null && verdict.unsigned > 0)
    lines.push(`  ${count(verdict.unsigned)} records are not under a checkpoint yet`)
  for (const fault of faults) lines.push(`  ${faultText(fault)}`)
  if (faultsTotal > faults.length) lines.push(`  and ${count(faultsTotal - faults.length)} faults more`)
  return `${lines.join('\n')}\n`
}

function faultText({ kind, from, to, file, offset, detail }: Fault): string {
  const records = from === to ? '' : to - from === 1 ? ` record ${from}` : ` records ${from}–${to - 1}`
  const place = file === null ? '' : `  ${printable(file)}${offset === null ? '' : ` at byte ${offset}`}`
  return `${kind.padEnd(10)}${records}${place}  ${printable(detail)}`
}

function count(n: number): string {
  return n.toLocaleString('en')
}

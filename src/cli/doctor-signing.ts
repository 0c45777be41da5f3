import { ledgerLogs, type LedgerLog, type LedgerStatus, type LogStatus } from '../core/mod.ts'
import { type Check, ok, wrong } from './check-up.ts'

/** A log that grows is signed each second; one whose newest checkpoint is older than this is not. */
const checkpointMsMax = 60_000

/** Whether the logs are signed, and whether what was signed is still there. */
export function signing({ keeper, logs }: LedgerStatus): readonly Check[] {
  if (keeper.state === 'failed')
    return [wrong('keeper', `does not sign any more: ${keeper.why ?? 'no reason given'}`, 'gatehouse verify')]
  return ledgerLogs.flatMap((log) => [checkpoint(log, logs[log]), scrub(log, logs[log])])
}

function checkpoint(log: LedgerLog, { size, checkpoint: newest }: LogStatus): Check {
  const id = `${log} signed`
  if (newest === null)
    return size === 0
      ? ok(id, 'the log is empty')
      : wrong(id, 'there is no checkpoint', 'Look at the output of gatehouse up')
  const unsigned = size - newest.size
  const text = `${newest.size} records, ${seconds(newest.ageMs)} ago${unsigned > 0 ? `; ${unsigned} are newer` : ''}`
  return unsigned > 0 && newest.ageMs > checkpointMsMax
    ? wrong(id, text, 'Look at the output of gatehouse up')
    : ok(id, text)
}

function scrub(log: LedgerLog, { scrub: { checkedTo, faults, lastRoundAtMs } }: LogStatus): Check {
  const id = `${log} scrub`
  if (faults > 0) return wrong(id, `${faults} faults in what was signed`, `gatehouse verify --log ${log}`)
  return ok(
    id,
    lastRoundAtMs === null
      ? `the first round is at record ${checkedTo}`
      : `no faults, last round ended ${new Date(lastRoundAtMs).toISOString().slice(0, 19)}Z`,
  )
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
}

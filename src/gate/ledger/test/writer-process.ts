/**
 * A process that writes records and prints what it was told: `ready <pid>`, `ack <count>`, `stalled <ms>`, `failed`, `ended <why>`.
 * Its one argument is JSON: `{ dir, waitMs, stallMs, from, noteChars, checkpointMs }`.
 */
import { systemClock } from '../../../core/mod.ts'
import { openLedger, openRecordLog } from '../mod.ts'
import { factsOf, idOf, eventOf, settings, sleep } from './support.ts'

const plan = JSON.parse(process.argv[2] ?? '{}') as {
  dir: string
  waitMs: number
  stallMs: number
  from: number
  noteChars: number
  checkpointMs?: number
}
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const ledger = await openLedger({
  dir: plan.dir,
  threads: 1,
  keeperPace: { checkpointMs: plan.checkpointMs ?? 1000 },
  settings: { ...settings, waitMs: plan.waitMs, stallMs: plan.stallMs },
  clock: systemClock,
  onFailed: (why) => {
    say(`ended ${why}`)
    // After a poison the thread has ended and the process can say so; one that hangs in a system call lets nobody exit.
    setTimeout(() => (why.includes('silent') ? process.kill(process.pid, 'SIGKILL') : process.exit(74)), 50)
  },
})
const log = openRecordLog({ ...ledger.slot(0), clock: systemClock })
say(`ready ${process.pid}`)
let next = plan.from
const note = 'n'.repeat(plan.noteChars)

async function writeOn(): Promise<void> {
  for (;;) {
    const count = next++
    const startedMs = performance.now()
    const reservation =
      log.reserve(factsOf(idOf(0, count)), 4000) ?? (await log.reserveSoon(factsOf(idOf(0, count)), 4000))
    if (reservation !== null) {
      reservation.finish(eventOf('request', idOf(0, count), { note }))
      const durable = await reservation.durable()
      say(
        durable === 'durable'
          ? `ack ${count}`
          : durable === 'stalled'
            ? `stalled ${Math.round(performance.now() - startedMs)}`
            : 'failed',
      )
      reservation.close()
    } else say(log.failed ? 'failed' : 'full')
    if (log.failed) return
    await sleep(1)
  }
}

await Promise.all([writeOn(), writeOn(), writeOn(), writeOn()])

/**
 * A program that opens a ledger and writes what its one argument (JSON of `LedgerScript`) says, in the same order each time: rounds of access
 * records from a thread as gateway threads are, and of audit records from main; after each round everything is waited for,
 * and after the last the checkpoints over it. Prints `ack access ID`, `ack audit ID`, `signed SIZE` and how it ended.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../../src/core/mod.ts'
import { type Ledger, openLedger } from '../../src/gate/ledger/mod.ts'
import { mark } from './disk-trace.ts'
import { type AskRound, ledgerSettings, type ScriptThread, type ThreadSaid } from './ledger-script-thread.ts'

export interface LedgerScript {
  readonly dataDir: string
  /** Stands in every id, so that scripts which follow each other on one folder use others. */
  readonly name: number
  readonly rounds: number
  /** In each round. */
  readonly accessRecords: number
  readonly auditRecords: number
  /** Least time between two checkpoints. */
  readonly checkpointMs: number
  /** `close`: in good order. `leave`: by SIGKILL in the middle of an answer, when nothing is being written. */
  readonly end: 'close' | 'leave'
}

export const ledgerScriptPath: string = fileURLToPath(import.meta.url)

/** Exit code of a ledger that failed, as the gate's. */
const exitIoError = 74
const signedMs = 20_000

if (process.argv[1] === ledgerScriptPath) await play(JSON.parse(process.argv[2] ?? '') as LedgerScript)

async function play(script: LedgerScript): Promise<void> {
  const ledger = await openLedger({
    dir: join(script.dataDir, 'ledger'),
    node: 'test.example',
    keeperPace: { checkpointMs: script.checkpointMs },
    threads: 1,
    settings: ledgerSettings,
    clock: systemClock,
    onFailed: (why) => {
      say(`failed ${why}`)
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 2000).unref()
      setTimeout(() => process.exit(exitIoError), 50) // what is still to be told is told
    },
  })
  const { slot, port } = ledger.slot(0)
  const workerData: ScriptThread = { slot, port, name: script.name }
  const thread = new Worker(new URL('ledger-script-thread.ts', import.meta.url), {
    name: 'gateway',
    workerData,
    transferList: [port],
  })
  for (let round = 0; round < script.rounds; round++) {
    await Promise.all([accessRound(thread, script, round), auditRound(ledger, script, round)])
    await untilSigned(ledger, script)
  }
  if (script.end === 'leave') {
    await begin(thread)
    await untilSigned(ledger, script)
    process.kill(process.pid, 'SIGKILL')
  }
  thread.postMessage({ type: 'end' } satisfies AskRound)
  await once(thread, 'exit')
  await ledger.close()
  say('closed')
}

async function accessRound(thread: Worker, { accessRecords }: LedgerScript, round: number): Promise<void> {
  const ended = Promise.withResolvers<void>()
  const hear = (said: ThreadSaid): void => {
    if (said.type === 'ack') say(`ack access ${said.id}`)
    else ended.resolve()
  }
  thread.on('message', hear)
  thread.postMessage({ type: 'round', from: round * accessRecords, count: accessRecords } satisfies AskRound)
  await ended.promise
  thread.off('message', hear)
}

async function auditRound(ledger: Ledger, { name, auditRecords }: LedgerScript, round: number): Promise<void> {
  const one = async (count: number): Promise<void> => {
    const id = `${name}-${count}`
    // Every third has nothing to seal.
    const details = count % 3 === 0 ? {} : { id }
    await ledger.audit({ kind: 'key.created', atMs: systemClock.wallMs(), actor: id, details })
    mark(`ack audit ${id}`)
    say(`ack audit ${id}`)
  }
  const from = round * auditRecords
  await Promise.all(Array.from({ length: auditRecords }, (_, index) => one(from + index)))
}

/** Until a checkpoint covers everything. */
async function untilSigned(ledger: Ledger, script: LedgerScript): Promise<void> {
  const end = performance.now() + signedMs
  for (;;) {
    const { logs } = ledger.status()
    const open = Object.values(logs).filter((log) => (log.checkpoint?.size ?? 0) < log.size)
    if (open.length === 0) return say(`signed ${logs.access.size} ${logs.audit.size}`)
    if (performance.now() > end) throw new Error(`script ${script.name} waited ${signedMs} ms for a checkpoint`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** An answer begins. */
async function begin(thread: Worker): Promise<void> {
  thread.postMessage({ type: 'begin' } satisfies AskRound)
  const [said] = (await once(thread, 'message')) as [ThreadSaid]
  if (said.type === 'ack') say(`ack access ${said.id}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

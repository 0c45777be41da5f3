/**
 * Entry of the keeper thread: everything that makes the ledger provable and is in nobody's way. Bundles, tiles and checkpoints
 * in turns of a quarter of a second; between them the scrub.
 *
 * Architecture invariant: nothing here acknowledges a record. A write that fails is tried again; when what is on disk is not
 * what was written, or nobody can say what was recorded, the keeper says so and ends, and nothing is signed any more.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { GatehouseError, type LedgerLog, messageOf, systemClock } from '../../../core/mod.ts'
import { signEd25519 } from '../../../crypto/mod.ts'
import { CheckpointLog } from '../checkpoint-log.ts'
import { logDirOf } from '../tree-files.ts'
import { readLeafHead } from '../leaf-head.ts'
import type { FromKeeper, KeeperLogStatus, KeeperSetup, ToKeeper } from './keeper-messages.ts'
import { LogKeeper } from './log-keeper.ts'
import { Scrub } from './scrub.ts'

const turnMsMax = 250
/** After a failed write. */
const againMs = 1000
/** The scrub begins when the start's work is done. */
const scrubAfterMs = 5000

// Handed over by startKeeper, the only one who starts this thread.
if (parentPort !== null) void run(parentPort, workerData as KeeperSetup)

interface Kept {
  readonly log: LedgerLog
  readonly keeper: LogKeeper
  readonly scrub: Scrub
}

async function run(port: MessagePort, setup: KeeperSetup): Promise<void> {
  const say = (message: FromKeeper): void => port.postMessage(message)
  const stop = new AbortController()
  // eslint-disable-next-line unicorn/prefer-add-event-listener -- a port of node has no other way
  port.on('message', (_message: ToKeeper) => stop.abort())
  try {
    const logs = setup.logs.map((_, id) => open(setup, id))
    say({ type: 'ready' })
    const scrubbing = scrubOn(logs, { setup, say, signal: stop.signal })
    await turnOn(logs, { setup, say, signal: stop.signal })
    await scrubbing
    say(statusOf(logs))
  } catch (error) {
    stop.abort()
    say({ type: 'failed', why: messageOf(error) })
  }
  port.close()
}

function open({ dir, leafHeads, logs, pace }: KeeperSetup, id: number): Kept {
  const of = logs[id]
  if (of === undefined) throw new Error(`there is no log ${id}`)
  const { log, key, privateKey } = of
  const keeper = new LogKeeper({
    dir,
    log,
    key,
    sign: (message) => signEd25519(privateKey, message),
    head: () => readLeafHead(leafHeads, id),
    checkpoints: new CheckpointLog(logDirOf(dir, log), of.checkpoints),
    clock: systemClock,
    everyMs: pace.checkpointMs,
  })
  const scrub = new Scrub({
    dir,
    log,
    key,
    bytesPerSecond: pace.scrubBytesPerSecond,
    clock: systemClock,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  })
  return { log, keeper, scrub }
}

interface Life {
  readonly setup: KeeperSetup
  readonly say: (message: FromKeeper) => void
  readonly signal: AbortSignal
}

/** Turns until told to stop; then one that signs everything that is committed. */
async function turnOn(logs: readonly Kept[], { setup, say, signal }: Life): Promise<void> {
  const turnMs = Math.min(turnMsMax, setup.pace.checkpointMs)
  let told = ''
  for (let isLast = false; ; isLast = signal.aborted) {
    const waitMs = (await turn(logs, say, isLast)) ?? turnMs
    const status = statusOf(logs)
    const text = JSON.stringify(status)
    if (text !== told) say(status)
    told = text
    if (isLast && waitMs > 0) return
    await sleep(waitMs, undefined, { signal: isLast ? new AbortController().signal : signal }).catch(() => {})
  }
}

/** One turn of each log; how long to wait until the next, null for as long as usual. */
async function turn(logs: readonly Kept[], say: Life['say'], isLast: boolean): Promise<number | null> {
  let waitMs: number | null = null
  for (const { keeper } of logs) {
    try {
      if (await keeper.turn({ isLast })) waitMs = 0
    } catch (error) {
      if (error instanceof GatehouseError || !keeper.mayTryAgain || isLast) throw error
      say({ type: 'delayed', why: messageOf(error) })
      waitMs = againMs
    }
  }
  return waitMs
}

function statusOf(logs: readonly Kept[]): Extract<FromKeeper, { type: 'status' }> {
  const entries = logs.map(({ log, keeper, scrub }) => [log, { checkpoint: keeper.checkpoint, scrub: scrub.status }])
  return { type: 'status', logs: Object.fromEntries(entries) as Record<LedgerLog, KeeperLogStatus> } // one for each log
}

/** Rounds of the scrub, log after log, until told to stop. */
async function scrubOn(logs: readonly Kept[], life: Life): Promise<void> {
  const { say, signal } = life
  const { scrubPauseMs } = life.setup.pace
  try {
    await sleep(Math.min(scrubAfterMs, scrubPauseMs), undefined, { signal })
    for (;;) {
      for (const { log, scrub } of logs) {
        const round = await scrub.round(signal, (fault) => say({ type: 'fault', log, fault }))
        if (round !== null) say({ type: 'scrubbed', round })
      }
      await sleep(scrubPauseMs, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

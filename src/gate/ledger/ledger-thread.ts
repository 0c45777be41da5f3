/**
 * Entry of the ledger thread. It does one thing: take what the rings hold, write it in one synchronous write, say so.
 * No timer, promise or event ever runs here; it blocks in the write and in `Atomics.wait`, and takes control messages
 * between two commits.
 *
 * Architecture invariants: a tail moves only after the write returned; `sleep` is never set without looking at every head,
 * `stop` and the control port once more; any failed or short write ends the thread, and with it the process.
 */
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { messageOf } from '../../core/mod.ts'
import { ledgerStates, sleeps, wakeLedger, words } from './control-block.ts'
import { CommitLoop, type LedgerThreadSetup } from './commit-loop.ts'
import type { ToLedger } from './ledger-messages.ts'

/** Longest sleep: the beat is to be seen once a second. */
const sleepMsMax = 1000

// Handed over by openLedger, the only one who starts this thread.
run(workerData as LedgerThreadSetup)

function run(setup: LedgerThreadSetup): void {
  const { control: port } = setup
  const loop = new CommitLoop(setup)
  try {
    loop.open()
    port.postMessage({ type: 'ready' })
    serve(loop, port)
    loop.close()
    Atomics.store(loop.words, words.state, ledgerStates.closed)
  } catch (error) {
    // First the word, then the messages: whoever is woken looks at the word.
    Atomics.store(loop.words, words.state, ledgerStates.failed)
    loop.wakeAll()
    port.postMessage({ type: 'failed', why: messageOf(error) })
  }
  port.close()
}

function serve(loop: CommitLoop, control: MessagePort): void {
  for (;;) {
    loop.beat()
    takeMessages(loop, control)
    const dueMs = loop.dueInMs()
    if (dueMs === 0) loop.commit()
    else if (Atomics.load(loop.words, words.stop) === 1 && !loop.pending) return
    else sleep(loop, control, dueMs)
  }
}

function sleep(loop: CommitLoop, control: MessagePort, dueMs: number): void {
  const depth = loop.pending ? sleeps.light : sleeps.deep
  Atomics.store(loop.words, words.sleep, depth)
  const isOver = depth === sleeps.deep ? loop.pending : loop.dueInMs() === 0
  if (isOver || Atomics.load(loop.words, words.stop) === 1 || takeMessages(loop, control)) wakeLedger(loop.control)
  else Atomics.wait(loop.words, words.sleep, depth, Math.min(dueMs, sleepMsMax))
  Atomics.store(loop.words, words.sleep, sleeps.awake)
}

/** True when there was one. */
function takeMessages(loop: CommitLoop, control: MessagePort): boolean {
  let found = false
  for (;;) {
    const received: { message: ToLedger } | undefined = receiveMessageOnPort(control)
    if (received === undefined) return found
    loop.attach(received.message.ring, received.message.port)
    found = true
  }
}

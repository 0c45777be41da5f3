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
import { ledgerStates, wakeLedger, words } from './control-block.ts'
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
    if (loop.commit()) continue
    if (Atomics.load(loop.words, words.stop) === 1) return
    Atomics.store(loop.words, words.sleep, 1)
    if (loop.pending || Atomics.load(loop.words, words.stop) === 1 || takeMessages(loop, control))
      wakeLedger(loop.control)
    else Atomics.wait(loop.words, words.sleep, 1, sleepMsMax)
    Atomics.store(loop.words, words.sleep, 0)
  }
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

/** A thread that takes as it is told: so many times at one moment, or without end against a clock in shared memory. */
import { parentPort as port, workerData } from 'node:worker_threads'
import { type Claim, type CounterShared, openCounterTable } from '../mod.ts'

export interface HammerSetup {
  readonly shared: CounterShared
  readonly thread: number
}

/** Takes each of the requests in turn, `rounds` times. */
export interface HammerTurns {
  readonly kind: 'turns'
  readonly requests: readonly (readonly Claim[])[]
  readonly rounds: number
  readonly nowMs: number
}

/** Takes until `clock` is past `endMs`, and notes what the clock said before and after each take that was admitted. */
export interface HammerRun {
  readonly kind: 'run'
  readonly requests: readonly (readonly Claim[])[]
  /** Word 0 is the time; the thread that drives moves it on after so many takes. */
  readonly clock: Int32Array
  readonly endMs: number
  readonly drivesAfter: number | null
}

export type HammerOrder = HammerTurns | HammerRun

/** By request: how often it was admitted, and in a run when. */
export type HammerReport = readonly { readonly admitted: number; readonly spans: readonly number[] }[]

// The spawner sends exactly this.
const { shared, thread } = workerData as HammerSetup
const store = openCounterTable(shared, thread)

port?.on('message', (order: HammerOrder) => {
  port?.postMessage(order.kind === 'turns' ? turns(order) : run(order))
})
port?.postMessage('ready')

function turns({ requests, rounds, nowMs }: HammerTurns): HammerReport {
  const admitted = requests.map(() => 0)
  for (let i = 0; i < rounds; i++) {
    for (const [index, claims] of requests.entries()) {
      if (store.take(claims, nowMs).every((one) => one.admitted)) admitted[index] = (admitted[index] ?? 0) + 1
    }
  }
  return admitted.map((count) => ({ admitted: count, spans: [] }))
}

function run({ requests, clock, endMs, drivesAfter }: HammerRun): HammerReport {
  const spans = requests.map((): number[] => [])
  for (let takes = 0; ; takes++) {
    if (drivesAfter !== null && takes % drivesAfter === 0) Atomics.add(clock, 0, 1)
    const beforeMs = Atomics.load(clock, 0)
    if (beforeMs >= endMs) break
    const index = takes % requests.length
    const claims = requests[index] ?? []
    if (store.take(claims, beforeMs).every((one) => one.admitted)) spans[index]?.push(beforeMs, Atomics.load(clock, 0))
  }
  return spans.map((times) => ({ admitted: times.length / 2, spans: times }))
}

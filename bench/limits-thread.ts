/** The other thread of the suite `limits`: takes from the same counters when told to, and says what it cost. */
import { parentPort as port, workerData } from 'node:worker_threads'
import { type CounterShared, openCounterTable } from '../src/gate/limits/mod.ts'
import { type Cost, type TakePlan, takeMany } from './limits.ts'

// The suite sends exactly this.
const store = openCounterTable((workerData as { shared: CounterShared }).shared, 1)

port?.on('message', (plan: TakePlan) => {
  const cost: Cost = takeMany(store, plan)
  port?.postMessage(cost)
})
port?.postMessage('ready')

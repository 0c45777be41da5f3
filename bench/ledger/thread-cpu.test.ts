import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import { threadCpu, usedBy, usedByAll } from './thread-cpu.ts'

test('threadCpu() tells threads apart by their names', { skip: notLinux(), timeout: 60_000 }, async () => {
  const before = threadCpu()
  const work = `require('node:worker_threads').parentPort.once('message', () => process.exit())
    const end = process.threadCpuUsage().user + 150_000
    while (process.threadCpuUsage().user < end);
    require('node:worker_threads').parentPort.postMessage('done')`
  const worker = new Worker(work, { eval: true, name: 'busy-thread' })
  await once(worker, 'message')
  const after = threadCpu()
  worker.postMessage('end', [])
  await once(worker, 'exit')
  assert.ok(usedBy('busy-thread', before, after) >= 100_000, String(after.get('busy-thread')))
  assert.equal(usedBy('no-such-thread', before, after), 0)
  assert.ok(usedByAll(before, after) >= usedBy('busy-thread', before, after))
})

function notLinux(): string | false {
  return process.platform === 'linux' ? false : 'Reads /proc, which only Linux has'
}

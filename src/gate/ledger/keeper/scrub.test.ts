import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { Fault } from '../../../tlog/mod.ts'
import { type HandLog, openHandLog } from '../test/hand-log.ts'
import { memoryDir, temporaryDir } from '../test/support.ts'
import { logDirOf } from '../tree-files.ts'
import { Scrub } from './scrub.ts'

/** A scrub that sleeps by moving the log's clock; `onSleep` is called before each sleep. */
function scrubOf(log: HandLog, bytesPerSecond: number, onSleep: () => void | Promise<void> = () => {}): Scrub {
  return new Scrub({
    dir: log.dir,
    log: 'access',
    key: log.identity.key,
    bytesPerSecond,
    clock: log.clock,
    sleep: async (ms, signal) => {
      await onSleep()
      log.clock.nowMs += ms
      if (signal.aborted) throw new Error('woken')
    },
  })
}

const never = new AbortController().signal

function flip(log: HandLog, path: string, at: number): void {
  const whole = join(logDirOf(log.dir, 'access'), path)
  const bytes = readFileSync(whole)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(whole, bytes)
}

test('round() finds nothing wrong in a sound log, says how far it came, and keeps to its budget', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  let looks = 0
  const seen: number[] = []
  const scrub = scrubOf(log, 10_000, () => {
    looks++
    seen.push(scrub.status.checkedTo)
  })
  assert.equal(await scrub.round(never, (fault) => assert.fail(JSON.stringify(fault))), null, 'nothing is signed yet')
  log.write(1000)
  await log.keep()
  const startMs = log.clock.nowMs
  assert.deepEqual(await scrub.round(never, (fault) => assert.fail(JSON.stringify(fault))), {
    log: 'access',
    size: 1000,
    faults: 0,
    first: null,
  })
  assert.deepEqual(scrub.status, { checkedTo: 1000, faults: 0, lastRoundAtMs: Math.round(log.clock.wallMs()) })
  assert.deepEqual(
    seen.toSorted((a, b) => a - b),
    seen,
  )
  assert.ok(seen.some((checkedTo) => checkedTo > 0 && checkedTo < 1000))
  const bundles = [0, 1, 2].reduce(
    (sum, at) => sum + readFileSync(join(logDirOf(log.dir, 'access'), `tile/entries/00${at}`)).length,
    0,
  )
  const spentMs = log.clock.nowMs - startMs
  assert.ok(spentMs >= bundles / 10, `${bundles} bytes in ${spentMs} ms`)
  assert.ok(looks > 5)
})

test('round() tells of a fault at once, goes on, and counts all', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  log.write(1000)
  await log.keep()
  flip(log, 'tile/entries/000', 100)
  flip(log, 'tile/entries/002', 5000)
  const scrub = scrubOf(log, 1e9)
  const told: Fault[] = []
  const round = await scrub.round(never, (fault) => told.push(fault))
  assert.equal(told.length, 1)
  assert.deepEqual([told[0]?.kind, told[0]?.file], ['bundle', 'tile/entries/000'])
  assert.equal(round?.first, told[0])
  assert.ok((round?.faults ?? 0) >= 2)
  assert.equal(scrub.status.faults, round?.faults)
  flip(log, 'tile/entries/000', 100)
  flip(log, 'tile/entries/002', 5000)
  assert.equal((await scrub.round(never, (fault) => assert.fail(JSON.stringify(fault))))?.faults, 0)
  assert.equal(scrub.status.faults, 0)
})

test('round() ends when it is told to', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  log.write(1000)
  await log.keep()
  const stop = new AbortController()
  let looks = 0
  const scrub = scrubOf(log, 1e9, () => {
    if (++looks === 4) stop.abort(new Error('told'))
  })
  await assert.rejects(
    scrub.round(stop.signal, (fault) => assert.fail(JSON.stringify(fault))),
    { message: 'told' },
  )
})

test('round() beside a log that grows and drops its write-ahead files reports no fault', async () => {
  using folder = temporaryDir(memoryDir)
  using log = openHandLog(folder.dir)
  log.write(300)
  await log.keep()
  const scrub = scrubOf(log, 1e9, async () => {
    log.write(100)
    await log.keep()
  })
  for (let round = 0; round < 3; round++)
    assert.equal((await scrub.round(never, (fault) => assert.fail(JSON.stringify(fault))))?.faults, 0)
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { encodeHex, encodeUtf8, leafHash, nodeHash, sha256 } from '../../tlog/mod.ts'
import { beginsWith, emptyRoot, pinRange } from './pin.ts'
import { scan } from './scan.ts'
import { verifySignature } from './test/bench.ts'
import { type MemoryLedger, openMemoryLedger } from './test/memory-ledger.ts'

const period = { fromMs: 1_000_000, toMs: 2_000_000 }

function filled(count: number, everyMs = 10_000): MemoryLedger {
  const ledger = openMemoryLedger()
  for (let n = 0; n < count; n++) ledger.access(n * everyMs, { path: `/${n}` })
  ledger.seal()
  return ledger
}

const how = (ledger: MemoryLedger): Parameters<typeof pinRange>[2] => ({
  ledger,
  verify: verifySignature,
  lookMs: 1,
  looksMax: 3,
})

test('pinRange() takes what the ledger took in the period, its beginning included and its end not', async () => {
  const pin = await pinRange('access', period, how(filled(300)))
  assert.deepEqual([pin.from, pin.to, pin.checkpointSize, pin.fault], [100, 200, 300, ''])
})

test('pinRange() gives the root of the first records, whatever was signed after them', async () => {
  const ledger = openMemoryLedger()
  for (const n of [0, 1, 2]) ledger.access(1_000_000 + n, { path: `/${n}` })
  const leaves = (await ledger.records('access', 0, 3)).map(({ bytes }) => leafHash(sha256, bytes))
  const [a = leafHash(sha256, encodeUtf8('')), b = a, c = a] = leaves
  const root = encodeHex(nodeHash(sha256, nodeHash(sha256, a, b), c))
  for (let n = 0; n < 600; n++) {
    ledger.access(2_000_000 + n, {})
    if (n % 97 !== 0) continue
    ledger.seal()
    assert.equal((await pinRange('access', period, how(ledger))).root, root)
  }
})

test('pinRange() of an empty log is the empty tree', async () => {
  const pin = await pinRange('access', period, how(openMemoryLedger()))
  assert.deepEqual([pin.from, pin.to, pin.root, pin.fault], [0, 0, emptyRoot, ''])
})

test('pinRange() waits until the end of the period is signed', async () => {
  const ledger = filled(150)
  ledger.access(1_999_999, {})
  await assert.rejects(pinRange('access', period, how(ledger)), { code: 'unreachable', message: /covers the end/ })
  setTimeout(() => ledger.seal(), 5)
  const pin = await pinRange('access', period, { ...how(ledger), looksMax: 100 })
  assert.equal(pin.to, 151)
})

test('pinRange() names a checkpoint that its key did not sign', async () => {
  const ledger = filled(300)
  const pin = await pinRange('access', period, { ...how(ledger), verify: () => false })
  assert.match(pin.fault, /not signed by its key/)
  assert.deepEqual([pin.from, pin.to], [100, 200], 'what was read is told all the same')
})

test('beginsWith() tells a log that has grown from one that was rewritten', async () => {
  const ledger = filled(300)
  const before = await pinRange('access', period, how(ledger))
  for (let n = 0; n < 50; n++) ledger.access(9_000_000, {})
  ledger.seal()
  const seen = { size: before.checkpointSize, root: before.checkpointRoot }
  assert.equal(await beginsWith('access', seen, how(ledger)), true)
  ledger.tamper('access', 7, encodeUtf8('{}'))
  ledger.seal()
  assert.equal(await beginsWith('access', seen, how(ledger)), false)
  assert.equal(await beginsWith('access', { size: 1000, root: before.root }, how(ledger)), false, 'a log that was cut')
  assert.equal(await beginsWith('access', { size: 0, root: emptyRoot }, how(ledger)), true)
})

test('scan() reads each record of the range once, and reports those that are not there', async () => {
  const ledger = filled(1_200)
  const seen: number[] = []
  const visit = ({ seq }: { seq: number }): void => void seen.push(seq)
  assert.deepEqual(await scan({ log: 'access', from: 10, to: 1_100 }, ledger, { visit }), { read: 1_090, gaps: [] })
  assert.deepEqual(
    seen,
    Array.from({ length: 1_090 }, (_, n) => n + 10),
  )
  const holey = {
    ...ledger,
    records: async (...args: Parameters<typeof ledger.records>) =>
      (await ledger.records(...args)).filter(({ seq }) => seq !== 50 && seq < 1_190),
  }
  const report = await scan({ log: 'access', from: 0, to: 1_200 }, holey, { visit })
  assert.deepEqual(report, {
    read: 1_189,
    gaps: [
      { from: 50, to: 51 },
      { from: 1_190, to: 1_200 },
    ],
  })
})

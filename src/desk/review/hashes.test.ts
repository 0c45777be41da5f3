import assert from 'node:assert/strict'
import test from 'node:test'
import { sha256 } from '../../tlog/mod.ts'
import { hashesToRoot } from './hashes.ts'
import { beginsWith, type Pin, pinRange } from './pin.ts'
import { verifySignature } from './test/bench.ts'
import { type MemoryLedger, openMemoryLedger } from './test/memory-ledger.ts'

function filled(count: number): MemoryLedger {
  const ledger = openMemoryLedger()
  for (let n = 0; n < count; n++) ledger.access(n * 1000, { path: `/${n}` })
  ledger.seal()
  return ledger
}

async function pinned(ledger: MemoryLedger, from: number, to: number): Promise<Pin> {
  return await pinRange(
    'access',
    { fromMs: from * 1000, toMs: to * 1000 },
    { ledger, verify: verifySignature, lookMs: 1 },
  )
}

test('hashesToRoot() holds for any part of a log', async () => {
  const ledger = filled(600)
  for (const [from, to] of [
    [0, 600],
    [0, 1],
    [255, 257],
    [256, 512],
    [300, 301],
    [599, 600],
  ] as const) {
    const pin = await pinned(ledger, from, to)
    assert.deepEqual([pin.from, pin.to], [from, to])
    const { holds, text } = await hashesToRoot(pin, { ledger, hash: sha256 })
    assert.equal(holds, true, `${from} to ${to}: ${text}`)
  }
})

test('hashesToRoot() finds a record that was changed on the disk after it was signed, and one that is gone', async () => {
  const ledger = filled(600)
  const pin = await pinned(ledger, 100, 300)
  const changed = (change: (bundle: Uint8Array) => Uint8Array | null): MemoryLedger => ({
    ...ledger,
    ledgerFile: async (log, path) => {
      const bytes = await ledger.ledgerFile(log, path)
      return bytes !== null && path === 'tile/entries/001' ? change(bytes) : bytes
    },
  })
  const flipped = changed((bundle) => bundle.with(20, (bundle[20] ?? 0) ^ 1))
  const cases: readonly (readonly [MemoryLedger, RegExp])[] = [
    [flipped, /not those that were signed/],
    [changed(() => null), /no record 256 on its disk/],
    [changed((bundle) => bundle.subarray(0, 100)), /cannot be read/],
  ]
  for (const [tampered, said] of cases) {
    const { holds, text } = await hashesToRoot(pin, { ledger: tampered, hash: sha256 })
    assert.equal(holds, false)
    assert.match(text, said)
  }
})

test('what is read while the log grows is read by the newer checkpoint', async () => {
  const ledger = filled(300)
  const pin = await pinned(ledger, 100, 300)
  let growths = 4
  const growing: MemoryLedger = {
    ...ledger,
    ledgerFile: async (log, path) => {
      const bytes = await ledger.ledgerFile(log, path)
      if (path !== 'checkpoint' || growths-- <= 0) return bytes
      ledger.access(400_000, {})
      ledger.seal()
      return bytes
    },
  }
  assert.equal((await hashesToRoot(pin, { ledger: growing, hash: sha256 })).holds, true)
  growths = 4
  const claim = { size: pin.checkpointSize, root: pin.checkpointRoot }
  assert.equal(await beginsWith('access', claim, { ledger: growing, verify: verifySignature }), true)
})

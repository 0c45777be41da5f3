import assert from 'node:assert/strict'
import test from 'node:test'
import type { LedgerStatus, LogStatus } from '../core/mod.ts'
import { signing } from './doctor-signing.ts'

const log: LogStatus = {
  size: 100,
  checkpoint: { size: 100, atMs: 0, ageMs: 3_600_000 },
  scrub: { checkedTo: 50, faults: 0, lastRoundAtMs: 1_790_000_000_000 },
}
const status = (
  access: Partial<LogStatus>,
  keeper: LedgerStatus['keeper'] = { state: 'ok', why: null },
): LedgerStatus => ({
  state: 'ok',
  size: 100,
  beatAgeMs: 0,
  commits: 0,
  bytes: 0,
  late: 0,
  keeper,
  logs: { access: { ...log, ...access }, audit: log },
  disk: { state: 'ok', freeBytes: 1, totalBytes: 1 },
})

const statesOf = (ledger: LedgerStatus): string[] => signing(ledger).map(({ id, state }) => `${id}: ${state}`)

test('signing() finds a log that stands still well', () => {
  assert.deepEqual(statesOf(status({})), [
    'access signed: ok',
    'access scrub: ok',
    'audit signed: ok',
    'audit scrub: ok',
  ])
})

test('signing() finds what is not signed, what the scrub found, and a keeper that failed', () => {
  const wrongIn = (ledger: LedgerStatus): string[] => statesOf(ledger).filter((one) => one.endsWith('wrong'))
  assert.deepEqual(wrongIn(status({ size: 101 })), ['access signed: wrong'])
  assert.deepEqual(wrongIn(status({ size: 101, checkpoint: { size: 100, atMs: 0, ageMs: 900 } })), [])
  assert.deepEqual(wrongIn(status({ checkpoint: null })), ['access signed: wrong'])
  assert.deepEqual(wrongIn(status({ size: 0, checkpoint: null })), [])
  assert.deepEqual(wrongIn(status({ scrub: { ...log.scrub, faults: 2 } })), ['access scrub: wrong'])
  assert.deepEqual(statesOf(status({}, { state: 'failed', why: 'a bundle differs' })), ['keeper: wrong'])
})

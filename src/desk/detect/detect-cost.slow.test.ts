import assert from 'node:assert/strict'
import test from 'node:test'
import { accessEventOf } from '../../core/mod.ts'
import { recordsOf, seeded, served } from '../../../test/support/scenarios.ts'
import { createDetectors, detectSettingsDefault, findingsIn } from './detectors.ts'

test('findingsIn() takes little time for a request of which nothing is found', (t) => {
  const random = seeded(1)
  const startMs = Date.UTC(2026, 10, 23, 9)
  const count = 200_000
  const records = recordsOf(
    Array.from({ length: count }, (_, i) =>
      served(startMs + i * 2, {
        consumer: `consumer-${Math.floor(random() * 2_000)}`,
        consumerId: 'c',
        clientIp: `198.51.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`,
        status: random() < 0.02 ? 404 : 200,
      }),
    ),
  )
  // Decoded once for all followers, so that is not ours to count.
  for (const record of records) accessEventOf(record)
  const detectors = createDetectors(detectSettingsDefault, { tag: (text) => text })
  for (const record of records.slice(0, 20_000)) findingsIn(detectors, record)
  const before = process.cpuUsage()
  for (const record of records.slice(20_000)) findingsIn(detectors, record)
  const { user, system } = process.cpuUsage(before)
  const eachUs = (user + system) / (count - 20_000)
  t.diagnostic(`${eachUs.toFixed(2)} µs of CPU for each record`)
  // The goal is 3 µs; the bound leaves room for machines that are busy or slow.
  assert.ok(eachUs < 12, `${eachUs} µs`)
})

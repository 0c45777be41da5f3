import assert from 'node:assert/strict'
import test from 'node:test'
import { type AuditEvent, joinAuditEvent, type LedgerRecord } from '../core/mod.ts'
import { openMemoryControl } from '../../test/support/memory-documents.ts'
import { openAuditWatch } from './audit-watch.ts'

const encoder = new TextEncoder()

function recordOf(seq: number): LedgerRecord {
  const shown = encoder.encode(`{"a":"admin:ana","b":"b","k":"network.blocked","t":${seq}}`)
  return { seq, recordedAtUs: seq, bytes: joinAuditEvent(shown, encoder.encode(`{"network":"203.0.113.${seq}"}`)) }
}

async function stage(): Promise<{
  readonly log: LedgerRecord[]
  readonly seen: AuditEvent[]
  readonly problems: string[]
  readonly open: () => ReturnType<typeof openAuditWatch>
}> {
  const { documents } = await openMemoryControl()
  const log: LedgerRecord[] = []
  const seen: AuditEvent[] = []
  const problems: string[] = []
  const open = (): ReturnType<typeof openAuditWatch> =>
    openAuditWatch({
      documents,
      ledger: { records: async (_log, from, max) => log.slice(from, from + max) },
      onEvents: async (events) => void seen.push(...events),
      onProblem: (why) => void problems.push(why),
    })
  return { log, seen, problems, open }
}

test('look() reads on to the end, in order, from where it was', async () => {
  const { log, seen, open } = await stage()
  const watch = open()
  await watch.look()
  for (let seq = 0; seq < 120; seq++) log.push(recordOf(seq))
  await watch.look()
  await watch.look()
  assert.deepEqual(
    seen.map(({ details }) => details['network']),
    Array.from({ length: 120 }, (_, seq) => `203.0.113.${seq}`),
  )
})

test('another process reads on from the place that was kept', async () => {
  const { log, seen, open } = await stage()
  for (let seq = 0; seq < 120; seq++) log.push(recordOf(seq))
  await open().look()
  log.push(recordOf(120))
  await open().look()
  assert.equal(seen.length, 121)
})

test('a log that is shorter than what was read of it is read from its start', async () => {
  const { log, seen, open } = await stage()
  for (let seq = 0; seq < 120; seq++) log.push(recordOf(seq))
  await open().look()
  log.splice(10)
  await open().look()
  assert.equal(seen.length, 130)
})

test('an unreadable record is passed over', async () => {
  const { log, seen, problems, open } = await stage()
  log.push({ seq: 0, recordedAtUs: 0, bytes: encoder.encode('{') }, recordOf(1))
  await open().look()
  assert.deepEqual([seen.length, problems], [1, []])
})

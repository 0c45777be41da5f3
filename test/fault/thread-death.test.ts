/** Gateway threads that die under load: the spare takes their place, and no request that got a byte is without its record. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { type GatewayWorker, startGatewayWorker } from '../../src/app/gateway-worker.ts'
import { openProcessLog } from '../../src/app/process-log.ts'
import { ThreadPool } from '../../src/app/thread-pool.ts'
import { loadText } from '../../src/config/load-config.ts'
import { type AccessEvent, decodeAccessEvent, type Snapshot, systemClock } from '../../src/core/mod.ts'
import { type Ledger, openLedger } from '../../src/gate/ledger/mod.ts'
import { createCounters } from '../../src/gate/limits/mod.ts'
import { freePort, waitFor } from '../support/program.ts'
import { type RawAnswer, sendRaw } from '../support/raw-client.ts'
import { startUpstream } from '../support/upstream.ts'

const threads = 3
const deaths = 4

test(
  'gateway threads that die under load are replaced, and their requests are recorded as aborted',
  { timeout: 120_000 },
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'gatehouse-deaths-'))
    await using upstream = await startUpstream()
    const port = await freePort()
    const read = loadText(
      `version: 1\nlisten: 127.0.0.1:${port}\nthreads: ${threads}\napis: { things: { upstream: '${upstream.url}', auth: none } }\n`,
      { path: 'test.yaml', env: {}, cores: 2 },
    )
    assert.ok(read.ok)
    const { gate: settings, policy } = read.config
    const failures: string[] = []
    const onFailed = (why: string): void => void failures.push(why)
    const ledger = await openLedger({
      dir: join(dir, 'ledger'),
      threads,
      settings: policy.ledger,
      clock: systemClock,
      onFailed,
    })
    const workers: GatewayWorker[] = []
    let snapshot: Snapshot = { revision: 1, policy, consumers: [], credentials: [], networks: [] }
    const share = { tls: null, issuerKeys: [], down: {} }
    const pool = new ThreadPool({
      threads,
      ledger,
      log: openProcessLog('test', () => {}),
      startWorker: async (setup, log) => {
        const worker = await startGatewayWorker(setup, log)
        workers.push(worker)
        return worker
      },
      snapshot: () => snapshot,
      share: () => share,
      wantKey: () => Promise.resolve('unavailable'),
      onFailed,
      setup: {
        settings,
        reusePort: true,
        pepper: new Uint8Array(32),
        factsKey: new Uint8Array(32),
        counters: createCounters({ keysMax: 1000, threadsMax: threads }),
        counterSeed: 1,
      },
    })
    const started = pool.start()
    // While the threads are getting ready: no thread may go on by the rules from before.
    await waitFor(
      () => workers.length === 1,
      20_000,
      () => 'no thread',
    )
    snapshot = { ...snapshot, revision: 2 }
    assert.equal(
      await pool.apply({ change: { revision: 2, policy: null, consumers: [], credentials: [], networks: null } }),
      true,
    )
    await started
    assert.equal(pool.revision, 2)

    const answers: RawAnswer[] = []
    const stop = new AbortController()
    const load = Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const path = i % 2 === 0 ? '/v1/ok' : '/v1/slow'
        while (!stop.signal.aborted) {
          const answer = await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`, {
            waitMs: 3_000,
          })
          if (answer.gotByte) answers.push(answer)
        }
      }),
    )
    for (let death = 1; death <= deaths; death++) {
      await waitFor(
        () => workers.length === threads + death,
        20_000,
        () => 'no spare',
      )
      await new Promise((resolve) => setTimeout(resolve, 150))
      await workers[death - 1]?.terminate()
      await waitFor(
        () => pool.replaced === death,
        20_000,
        () => `death ${death} was not noticed`,
      )
    }
    const before = answers.length
    await waitFor(
      () => answers.length > before + 50,
      20_000,
      () => 'nobody answers after the deaths',
    )
    stop.abort()
    await load
    await pool.close(5_000)
    const records = recordsOf(ledger)
    await ledger.close()
    rmSync(dir, { recursive: true, force: true })

    assert.deepEqual(failures, [])
    for (const { requestId } of answers)
      assert.equal(records.get(requestId ?? '')?.length, 1, `terminal records of ${requestId}`)
    const aborted = [...records.values()].flat().filter((event) => event.reason === 'thread_died')
    assert.ok(aborted.length > 0, 'no request was under way when a thread died')
    for (const event of aborted) {
      assert.equal(event.outcome, 'aborted')
      assert.ok(event.unknown.length > 0, 'what cannot be known is named')
    }
  },
)

function recordsOf(ledger: Ledger): Map<string, AccessEvent[]> {
  const terminal = new Map<string, AccessEvent[]>()
  const reader = ledger.reader()
  for (let seq = 0; ;) {
    const batch = reader.read(seq, { bytesMax: 1 << 20, recordsMax: 10_000 })
    if (batch.length === 0) return terminal
    seq += batch.length
    for (const { bytes } of batch) {
      const event = decodeAccessEvent(bytes)
      if (event.kind === 'request') terminal.set(event.id, [...(terminal.get(event.id) ?? []), event])
    }
  }
}

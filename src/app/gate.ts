import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  type GateSettings,
  type GateStatus,
  type LedgerRecord,
  type Policy,
  systemClock,
  type TlsSettings,
} from '../core/mod.ts'
import { ensurePrivateDir, loadOrCreateKeyFile, openAtRestBeside } from '../crypto/mod.ts'
import type { Bound } from '../gate/engine/mod.ts'
import { type Ledger, openLedger } from '../gate/ledger/mod.ts'
import { type CounterShared, counterStats, createCounters } from '../gate/limits/mod.ts'
import type { OutboundOptions } from '../outbound/mod.ts'
import { type LinkServer, linkVersion, openLinkServer } from '../link/mod.ts'
import { watchClock } from './clock-watch.ts'
import { addressOf, configAtStart } from './config-source.ts'
import { createGateAudit, type GateAudit, policyDigest } from './gate-audit.ts'
import { startGatewayWorker } from './gateway-worker.ts'
import { createGateRules, type GateRules } from './gate-rules.ts'
import { type GateShare, openGateShare, probeTls } from './gate-share.ts'
import { probePorts } from './ports.ts'
import { openProcessLog, type ProcessLog } from './process-log.ts'
import type { GateReady, RunOptions } from './run-options.ts'
import { openSnapshotFile } from './snapshot-file.ts'
import { ThreadPool } from './thread-pool.ts'
import { outliveReaders, pepperBytes, untilTold } from './process.ts'

/** A desk that is started beside the gate has so long to bring the newest rules before the last good ones serve. */
const deskMs = 3_000
const drainMs = 20_000
const statusMs = 1_000
/** After a failed ledger the gateway threads have so long to answer 503 before the process ends. */
const failedAnswersMs = 300
const exitIoError = 74
/** What one read for the desk may bring. */
const batchBounds = { bytesMax: 1024 * 1024, recordsMax: 2_000 }

/** The gate process: listeners, the request path, the ledger. Resolves with the exit code when it was told to stop. */
export async function runGate(options: RunOptions): Promise<number> {
  const log = openProcessLog('gate', (line) => process.stderr.write(line))
  outliveReaders()
  let share: GateShare | null = null
  // From the first moment on: without it the signal would end the process.
  process.on('SIGHUP', () => share?.look())
  const { settings, policy, outbound, tlsSkipped } = await prepare(options, log)
  const told = untilTold()

  await using stack = new AsyncDisposableStack()
  const fail = failer(log)
  const atRest = openAtRestBeside(settings.dataDir)
  let audit: GateAudit | null = null
  const rules = createGateRules({
    file: openSnapshotFile(settings.dataDir, atRest.sealer('snapshot')),
    policy,
    onPolicy: (next, revision) => {
      void audit?.policy(next, revision)
      share?.configure(next)
    },
    log,
  })
  const ledger = stack.use(
    await openLedger({
      dir: join(settings.dataDir, 'ledger'),
      node: settings.node,
      threads: settings.threads,
      settings: policy.ledger,
      clock: systemClock,
      routeOf: (_thread, routeIndex) => rules.routeOf(routeIndex),
      onFailed: fail,
    }),
  )
  audit = createGateAudit({ append: (event) => ledger.audit(event), clock: systemClock, log })
  await tellStart(audit, { settings, rules })
  const shared = openGateShare({ settings, atRest, outbound, clock: systemClock, audit, log })
  share = stack.use(shared)
  share.configure(rules.snapshot().policy)
  stack.use(watchClock(systemClock, (byMs) => void audit?.tell('clock.stepped', { byMs })))
  const link = stack.use(await openLink({ settings, ledger, rules, log }))
  const counters = createCounters({ keysMax: policy.limitKeysMax, threadsMax: settings.threads })
  const pool = poolOf({ settings, ledger, rules, share: shared, log, fail, counters, factsKey: atRest.key('facts') })
  pool.warm()
  // Started alone it serves by the last good rules at once; beside a desk it waits for the newest.
  if (process.send !== undefined) await Promise.race([rules.received, delay(deskMs), told])
  rules.attach(pool)
  shared.attach(pool)
  await pool.start()

  const draining = { is: false }
  const status = statusOf({ settings, ledger, pool, counters, draining })
  const timer = setInterval(() => link.sendStatus(status()), statusMs)
  stack.defer(() => clearInterval(timer))
  tellReady(pool.addresses, { settings, tlsSkipped, log, records: ledger.status().size })
  await told
  log.info('Draining')
  draining.is = true
  link.sendStatus(status())
  await pool.close(drainMs)
  await audit.tell('gate.stopped', { records: ledger.status().size })
  return 0
}

interface Prepared {
  /** With the ports that are there. */
  readonly settings: GateSettings
  readonly policy: Policy
  readonly outbound: OutboundOptions
  readonly tlsSkipped: string | null
}

/** What has to be right before the ledger is touched: the configuration, the folders, the ports. */
async function prepare(options: RunOptions, log: ProcessLog): Promise<Prepared> {
  const { gate, policy, outbound } = configAtStart(options, log)
  ensurePrivateDir(gate.dataDir)
  ensurePrivateDir(join(gate.dataDir, 'keys'))
  const listeners = await probePorts(gate.listeners)
  const { tls, skipped } = await probeTls(await tlsOf(gate, options))
  if (skipped !== null) log.warn('TLS for development is left out: its port is taken', { at: skipped })
  return { settings: { ...gate, listeners, tls }, policy, outbound, tlsSkipped: skipped }
}

interface Readiness {
  readonly settings: GateSettings
  readonly tlsSkipped: string | null
  readonly records: number
  readonly log: ProcessLog
}

function tellReady(addresses: readonly Bound[], { settings, tlsSkipped, records, log }: Readiness): void {
  const isDevelopmentTls = settings.tls?.isDevelopment === true
  process.send?.({ addresses, isDevelopmentTls, tlsSkipped } satisfies GateReady)
  const at = addresses.map(({ host, port, isSecure }) => `${isSecure ? 'tls://' : ''}${host}:${port}`).join(' ')
  log.info('Listening', { at, threads: settings.threads, records })
}

/** The listener by TLS: the configured one, or one for development where that was asked for. */
async function tlsOf({ tls, dataDir }: GateSettings, { devTls }: RunOptions): Promise<TlsSettings | null> {
  if (tls !== null || devTls === undefined) return tls
  const { developmentTls } = await import('./development-tls.ts')
  return await developmentTls(dataDir, addressOf('dev-tls', devTls), systemClock.wallMs())
}

/** Before anything is served: the audit log says by which rules a start began. */
async function tellStart(
  audit: GateAudit,
  { settings, rules }: { settings: GateSettings; rules: GateRules },
): Promise<void> {
  const { revision, policy } = rules.snapshot()
  await audit.tell('gate.started', {
    node: settings.node,
    runtime: process.version,
    threads: settings.threads,
    listeners: [
      ...settings.listeners.map(({ host, port }) => `${host}:${port}`),
      ...(settings.tls === null ? [] : [`tls://${settings.tls.listen.host}:${settings.tls.listen.port}`]),
    ],
    revision,
    policySha256: policyDigest(policy),
  })
  await audit.policy(policy, revision)
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}

/** A failed ledger ends the process: nothing may be answered that cannot be recorded. Recovery is the next start's. */
function failer(log: ProcessLog): (why: string) => void {
  let failed = false
  return (why) => {
    if (failed) return
    failed = true
    log.error('The gate ends', { why })
    // A thread in a hung system call would keep `process.exit` waiting for ever; SIGKILL ends it in any case.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), failedAnswersMs + 1_000)
    setTimeout(() => process.exit(exitIoError), failedAnswersMs)
  }
}

interface LinkParts {
  readonly settings: GateSettings
  readonly ledger: Ledger
  readonly rules: GateRules
  readonly log: ProcessLog
}

async function openLink({ settings, ledger, rules, log }: LinkParts): Promise<LinkServer> {
  const [reader, asked] = [ledger.reader(), ledger.reader()]
  return await openLinkServer({
    path: join(settings.dataDir, 'link.sock'),
    hello: () => {
      const { access, audit } = ledger.status().logs
      return {
        version: linkVersion,
        revision: rules.snapshot().revision,
        sizes: { access: access.size, audit: audit.size },
      }
    },
    read: (of, seq): readonly LedgerRecord[] => reader.read(seq, { ...batchBounds, log: of }),
    answers: {
      ledgerFile: async (of, path) => ledger.files.read(of, path),
      proof: (of, seq) => ledger.files.proofOf(of, seq),
      records: (of, from, recordsMax) =>
        asked.read(from, { ...batchBounds, recordsMax: Math.min(recordsMax, batchBounds.recordsMax), log: of }),
      // One after the other: their order is that of what they tell.
      audit: async (events) => {
        for (const event of events) await ledger.audit(event)
      },
    },
    onGrowth: (listener) => ledger.onCommit(listener),
    onSnapshot: (snapshot) => rules.replace(snapshot),
    onChange: (change) => rules.change(change),
    onBroken: (error) => log.error('The desk broke the link', { error: String(error) }),
  })
}

type PoolParts = LinkParts & {
  readonly share: GateShare
  readonly counters: CounterShared
  readonly factsKey: Uint8Array
  readonly fail: (why: string) => void
}

function poolOf({ settings, ledger, rules, share, log, fail, counters, factsKey }: PoolParts): ThreadPool {
  return new ThreadPool({
    threads: settings.threads,
    ledger,
    log,
    startWorker: startGatewayWorker,
    snapshot: () => rules.snapshot(),
    share: () => share.newest,
    wantKey: (issuer, kid) => share.wantKey(issuer, kid),
    onFailed: fail,
    setup: {
      settings,
      reusePort: settings.threads > 1,
      pepper: loadOrCreateKeyFile(join(settings.dataDir, 'keys', 'pepper'), { bytes: pepperBytes }),
      factsKey,
      counters,
      counterSeed: randomBytes(4).readUInt32LE(0),
    },
  })
}

interface StatusParts {
  readonly settings: GateSettings
  readonly ledger: Ledger
  readonly pool: ThreadPool
  readonly counters: CounterShared
  readonly draining: { readonly is: boolean }
}

function statusOf({ settings, ledger, pool, counters, draining }: StatusParts): () => GateStatus {
  const startedAtMs = systemClock.wallMs()
  return () => {
    const report = ledger.status()
    return {
      node: settings.node,
      boot: ledger.boot,
      revision: pool.revision,
      startedAtMs,
      draining: draining.is,
      threads: report.threads.map((thread) => ({ ...thread, connections: pool.connectionsOf(thread.thread) })),
      threadsReplaced: pool.replaced,
      ledger: report,
      limits: counterStats(counters),
      upstreams: pool.upstreams,
    }
  }
}

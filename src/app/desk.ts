import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { openEmbeddedControlStore, openEmbeddedRequestIndex } from '../adapters/embedded/mod.ts'
import type { Config } from '../config/mod.ts'
import { type GateStatus, hasCode, messageOf, type SnapshotChange, systemClock } from '../core/mod.ts'
import { ensurePrivateDir, loadOrCreateKeyFile, openAtRestBeside } from '../crypto/mod.ts'
import {
  type GateView,
  noteUses,
  openAdmin,
  openMetrics,
  openRecentAudit,
  openRecentEvents,
  type ReloadResult,
} from '../desk/admin/mod.ts'
import { type Control, createTokenVerifier, ensureAdminToken, openControl } from '../desk/control/mod.ts'
import type { RequestIndex } from '../desk/query/mod.ts'
import { openOutbound } from '../outbound/mod.ts'
import { configAtStart, readConfig, watchConfig } from './config-source.ts'
import { firstSetUpUrl } from './desk-console.ts'
import { type DeskLink, ledgerThrough, openDeskLink } from './desk-link.ts'
import { type DeskRooms, openDeskRooms } from './desk-rooms.ts'
import { openProcessLog, type ProcessLog } from './process-log.ts'
import { outliveReaders, pepperBytes, untilTold } from './process.ts'
import type { DeskReady, RunOptions } from './run-options.ts'

/** The gate sends its status each second: one that is older says nothing about now. */
const statusMsMax = 5_000

/** The desk process: control store, admin API, followers of the ledger. Resolves with the exit code when it was told to stop. */
export async function runDesk(options: RunOptions, version: string): Promise<number> {
  const log = openProcessLog('desk', (line) => process.stderr.write(line))
  outliveReaders()
  const config = configAtStart(options, log)
  const { gate: settings, admin: listen, policy } = config
  const { dataDir } = settings
  ensurePrivateDir(dataDir)
  ensurePrivateDir(join(dataDir, 'keys'))
  const told = untilTold()

  await using stack = new AsyncDisposableStack()
  const atRest = openAtRestBeside(dataDir)
  const store = stack.use(openEmbeddedControlStore(join(dataDir, 'control.db'), atRest.sealer('control')))
  let linked: DeskLink | null = null
  const pepper = loadOrCreateKeyFile(join(dataDir, 'keys', 'pepper'), { bytes: pepperBytes })
  const publish = async (change: SnapshotChange): Promise<boolean> => (await linked?.link.publish(change)) ?? false
  const warn = (message: string): void => log.warn(message)
  const control: Control = stack.use(await openControl({ store, clock: systemClock, pepper, publish, warn }))
  if (!config.isStale) await control.setPolicy(policy)
  const adminToken = await ensureAdminToken(store, systemClock)
  const gate = watchGate(() => linked?.link.connected === true)
  const events = openRecentEvents()
  const audit = openRecentAudit()
  const index = stack.use(openIndex(join(dataDir, 'request-index.db'), log))
  stack.use(noteUses(events, control))
  let rooms: DeskRooms | null = null
  const followers = (): DeskLink['places'] => linked?.places ?? new Map()
  const figures = (): ReturnType<DeskRooms['figures']> => rooms?.figures() ?? []
  const metrics = stack.use(openMetrics({ events, gate, control, version, followers, others: figures }))
  const ledger = ledgerThrough(() => linked?.link ?? null)
  const outbound = stack.use(openOutbound(config.outbound))
  const base = { dataDir, config, control, atRest, events, ledger, outbound, gate, version, stack, log }
  rooms = await openDeskRooms(base)
  const others = [index, ...rooms.followers]
  // Everything that looks at records is there before the first one comes.
  linked = stack.use(openDeskLink({ dataDir, control, events, audit, others, onStatus: gate.heard, log }))
  const reload = reloader({ options, control, running: config, log })
  const admin = stack.use(
    await openAdmin({
      listen,
      socketPath: join(dataDir, 'admin.sock'),
      token: { verify: await createTokenVerifier(store) },
      control,
      events,
      audit,
      index,
      ledger,
      gate,
      metrics,
      config: { reload },
      version,
      clock: systemClock,
      onDefect: (error) => log.error('The admin API failed', { error: stackOf(error) }),
      ...rooms.doors,
    }),
  )
  stack.use(reloadWhenTold(config.path, reload, log))
  const ready: DeskReady = { adminUrl: admin.url, adminToken, setUpUrl: await firstSetUpUrl(rooms.doors, admin.url) }
  process.send?.(ready)
  return await told.then(() => 0)
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** On save and on SIGHUP. */
function reloadWhenTold(path: string | null, reload: () => Promise<ReloadResult>, log: ProcessLog): Disposable {
  const reloadNow = (): void => {
    reload().catch((error: unknown) =>
      log.error('The configuration could not be taken over', { why: messageOf(error) }),
    )
  }
  process.on('SIGHUP', reloadNow)
  const watching = path === null ? null : watchConfig(path, reloadNow)
  return {
    [Symbol.dispose]: () => {
      process.off('SIGHUP', reloadNow)
      watching?.[Symbol.dispose]()
    },
  }
}

/** What the ledger can build again is begun anew where it cannot be read. */
function openIndex(path: string, log: ProcessLog): RequestIndex {
  try {
    return openEmbeddedRequestIndex(path)
  } catch (error) {
    if (!hasCode(error, 'store_unreadable')) throw error
    log.warn('The request index is built again from the ledger', { why: messageOf(error) })
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
    return openEmbeddedRequestIndex(path)
  }
}

/** The newest status of the gate; none when it is not connected or has been silent. */
function watchGate(connected: () => boolean): GateView & { readonly heard: (status: GateStatus) => void } {
  let newest: { readonly status: GateStatus; readonly atMs: number } | null = null
  return {
    heard: (status) => {
      newest = { status, atMs: systemClock.monotonicMs() }
    },
    status: () =>
      newest !== null && connected() && systemClock.monotonicMs() - newest.atMs < statusMsMax ? newest.status : null,
  }
}

interface ReloadParts {
  readonly options: RunOptions
  readonly control: Control
  readonly running: Config
  readonly log: ProcessLog
}

/** What a process reads once, at its start. */
function atStart({ gate, admin, outbound, sinks, reviews, query, policy }: Config): string {
  return JSON.stringify([
    gate,
    admin,
    outbound,
    sinks,
    reviews,
    query,
    policy.limitKeysMax,
    { ...policy.ledger, holdBytesMax: 0 },
  ])
}

/** Reads the configuration again; a bad file changes nothing, and what needs a restart is said. */
function reloader({ options, control, running, log }: ReloadParts): () => Promise<ReloadResult> {
  return async () => {
    const read = readConfig(options, process.env)
    if (!read.ok) {
      log.error(`The configuration has errors; nothing was changed\n${read.text}`)
      return { ok: false, text: read.text }
    }
    if (atStart(read.config) !== atStart(running))
      log.warn(
        'Changes of listen, tls, threads, engine, data, admin, outbound, sinks, reviews, query, limits.keysMax or of ledger other than hold take effect at a restart',
      )
    const { revision, changed, applied } = await control.setPolicy(read.config.policy)
    log.info(changed ? 'New rules' : 'The configuration says nothing new', { revision, applied })
    return { ok: true, revision, changed, applied, warnings: read.warnings }
  }
}

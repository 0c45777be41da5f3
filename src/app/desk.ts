import { join } from 'node:path'
import { openEmbeddedControlStore } from '../adapters/embedded/mod.ts'
import type { Config } from '../config/mod.ts'
import { GatehouseError, type GateStatus, systemClock } from '../core/mod.ts'
import { ensurePrivateDir, loadOrCreateKeyFile } from '../crypto/mod.ts'
import {
  type GateView,
  noteUses,
  openAdmin,
  openMetrics,
  openRecentEvents,
  type RecentEvents,
  type ReloadResult,
} from '../desk/admin/mod.ts'
import { type Control, createTokenVerifier, ensureAdminToken, openControl } from '../desk/control/mod.ts'
import { type LinkClient, openLinkClient } from '../link/mod.ts'
import { readConfig, watchConfig } from './config-source.ts'
import { groupFollowers } from './followers.ts'
import { openProcessLog, type ProcessLog } from './process-log.ts'
import { pepperBytes, untilTold } from './process.ts'
import type { DeskReady, RunOptions } from './run-options.ts'

/** The gate sends its status each second: one that is older says nothing about now. */
const statusMsMax = 5_000

/** The desk process: control store, admin API, followers of the ledger. Resolves with the exit code when it was told to stop. */
export async function runDesk(options: RunOptions, version: string): Promise<number> {
  const log = openProcessLog('desk', (line) => process.stderr.write(line))
  const read = readConfig(options, process.env)
  if (!read.ok) throw new GatehouseError('config_invalid', read.text)
  const { gate: settings, admin: listen, policy } = read.config
  const { dataDir } = settings
  ensurePrivateDir(dataDir)
  ensurePrivateDir(join(dataDir, 'keys'))
  const told = untilTold()

  await using stack = new AsyncDisposableStack()
  const store = stack.use(openEmbeddedControlStore(join(dataDir, 'control.db')))
  let link: LinkClient | null = null
  const control: Control = stack.use(
    await openControl({
      store,
      clock: systemClock,
      pepper: loadOrCreateKeyFile(join(dataDir, 'keys', 'pepper'), { bytes: pepperBytes }),
      publish: async (change) => (link === null ? false : await link.publish(change)),
      warn: (message) => log.warn(message),
    }),
  )
  await control.setPolicy(policy)
  const adminToken = await ensureAdminToken(store)
  const gate = watchGate(() => link?.connected === true)
  const events = openRecentEvents()
  stack.use(noteUses(events, control))
  const metrics = stack.use(openMetrics({ events, gate, control, version }))
  // Everything that looks at records is there before the first one comes.
  link = stack.use(openLink({ path: join(dataDir, 'link.sock'), control, events, onStatus: gate.heard, log }))
  const reload = reloader({ options, control, running: read.config, log })
  const admin = stack.use(
    await openAdmin({
      listen,
      socketPath: join(dataDir, 'admin.sock'),
      token: { verify: await createTokenVerifier(store) },
      control,
      events,
      gate,
      metrics,
      config: { reload },
      version,
      clock: systemClock,
      onDefect: (error) =>
        log.error('The admin API failed', {
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }),
    }),
  )
  if (read.path !== null) stack.use(watchConfig(read.path, () => void reload()))
  process.on('SIGHUP', () => void reload())
  process.send?.({ adminUrl: admin.url, adminToken } satisfies DeskReady)
  await told
  return 0
}

interface LinkParts {
  readonly path: string
  readonly control: Control
  readonly events: RecentEvents
  readonly onStatus: (status: GateStatus) => void
  readonly log: ProcessLog
}

function openLink({ path, control, events, onStatus, log }: LinkParts): LinkClient {
  const followers = groupFollowers([events])
  return openLinkClient({
    path,
    snapshot: () => control.snapshot(),
    cursor: async (size) => {
      events.begin(size)
      return await followers.cursor()
    },
    follow: (batch) => followers.follow(batch),
    onStatus,
    onConnect: ({ size, revision }) => log.info('The gate is connected', { records: size, revision }),
    onDisconnect: (why) => log.warn('The gate is gone', { why }),
  })
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
function atStart({ gate, admin, policy }: Config): string {
  return JSON.stringify([gate, admin, policy.limitKeysMax, { ...policy.ledger, holdBytesMax: 0 }])
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
        'Changes of listen, threads, data, admin, limits.keysMax or of ledger other than hold take effect at a restart',
      )
    const { revision, changed, applied } = await control.setPolicy(read.config.policy)
    log.info(changed ? 'New rules' : 'The configuration says nothing new', { revision, applied })
    return { ok: true, revision, changed, applied, warnings: read.warnings }
  }
}

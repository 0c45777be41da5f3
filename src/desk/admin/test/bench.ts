import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { samplePolicy } from '../../../../test/conformance/control-store.ts'
import {
  type AccessEvent,
  emptyEvent,
  GatehouseError,
  type GateStatus,
  systemClock as clock,
} from '../../../core/mod.ts'
import {
  type Admins,
  type Control,
  createTokenVerifier,
  ensureAdminToken,
  openAdmins,
  openControl,
  openMemoryControlStore,
} from '../../control/mod.ts'
import { type Admin, type AdminOptions, openAdmin } from '../admin.ts'
import type { LedgerDoor } from '../ledger-door.ts'
import { openMetrics } from '../metrics.ts'
import { openRecentAudit } from '../recent-audit.ts'
import { openRecentEvents, type RecentEvents, type RecentEventsOptions } from '../recent-events.ts'
import { type Client, clientOf } from './client.ts'

/** A whole admin API, with a real control room behind it and a gate that says what the test wants. */
export interface Bench extends AsyncDisposable, Client {
  readonly admin: Admin
  readonly control: Control
  readonly admins: Admins
  readonly events: RecentEvents
  readonly gate: { current: GateStatus | null }
  readonly token: string
  readonly socketPath: string
  readonly defects: unknown[]
  /** What the gate says to changes. */
  readonly link: { applied: boolean }
  /** Appends records to the ledger, and the desk follows them. */
  append(...events: readonly Partial<AccessEvent>[]): Promise<void>
}

export const sampleGate: GateStatus = {
  node: 'node-1',
  boot: 'boot-1',
  revision: 1,
  startedAtMs: 1_700_000_000_000,
  draining: false,
  threads: [{ thread: 0, connections: 3, inflight: 2, ringBytesUsed: 100, ringBytes: 1 << 20 }],
  threadsReplaced: 1,
  ledger: {
    state: 'ok',
    size: 10,
    beatAgeMs: 5,
    commits: 4,
    bytes: 5000,
    late: 0,
    keeper: { state: 'ok', why: null },
    logs: {
      access: {
        size: 10,
        checkpoint: { size: 9, atMs: 1_700_000_000_000, ageMs: 500 },
        scrub: { checkedTo: 8, faults: 0, lastRoundAtMs: 1_699_999_000_000 },
      },
      audit: { size: 1, checkpoint: null, scrub: { checkedTo: 0, faults: 0, lastRoundAtMs: null } },
    },
    disk: { state: 'ok', freeBytes: 1e9, totalBytes: 2e9 },
  },
  limits: { keys: 7, capacity: 1000, full: 0 },
  upstreams: [
    {
      api: 'orders',
      url: 'http://127.0.0.1:3000',
      state: 'ejected',
      why: '5 failures in a row',
      panic: false,
      inflight: 1,
      requests: 100,
      failures: 5,
      ejections: 1,
    },
  ],
}

/** A gate that is not there. */
export const noLedger: LedgerDoor = {
  ledgerFile: () => Promise.reject(noGate),
  proof: () => Promise.reject(noGate),
  records: () => Promise.reject(noGate),
}
const noGate = new GatehouseError('unreachable', 'Cannot ask the gate: none is connected')

const encoder = new TextEncoder()

/** Writes records to a ledger that this follower follows. */
export function ledgerOf(events: RecentEvents): Bench['append'] {
  return async (...appended) => {
    const first = events.next
    const batch = appended.map((event, at) => ({
      seq: first + at,
      recordedAtUs: 1_700_000_000_000_000 + first + at,
      bytes: encoder.encode(JSON.stringify({ ...emptyEvent, ...event })),
    }))
    if (batch.length > 0) await events.follow(batch)
  }
}

export interface BenchOptions extends Partial<AdminOptions> {
  readonly recent?: RecentEventsOptions
  /** Records that were in the ledger before the desk began to look. @default 0 */
  readonly ledgerSize?: number
}

export async function openBench({ recent = {}, ledgerSize = 0, ...more }: BenchOptions = {}): Promise<Bench> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-admin-'))
  const store = openMemoryControlStore()
  const token = (await ensureAdminToken(store, clock)) ?? ''
  const link = { applied: true }
  const control = await openControl({ store, clock, pepper: new Uint8Array(32), publish: async () => link.applied })
  await control.setPolicy(samplePolicy)
  const admins = await openAdmins({ documents: control.documents, clock })
  const events = openRecentEvents(recent)
  events.begin(ledgerSize)
  const gate: { current: GateStatus | null } = { current: sampleGate }
  const view = { status: (): GateStatus | null => gate.current }
  const defects: unknown[] = []
  const version = '9.9.9'
  const options: AdminOptions = {
    listen: { host: '127.0.0.1', port: 0 },
    socketPath: join(dir, 'admin.sock'),
    token: { verify: await createTokenVerifier(store) },
    control,
    admins,
    events,
    gate: view,
    config: {
      reload: async () => ({ ok: true, revision: control.revision, changed: false, applied: true, warnings: '' }),
    },
    version,
    clock,
    metrics: openMetrics({ events, gate: view, control, version, followers: () => new Map([['recent', events.next]]) }),
    ledger: noLedger,
    audit: openRecentAudit(),
    index: { find: async () => ({ opened: [], ended: [], amended: [] }) },
    onDefect: (error) => void defects.push(error),
    ...more,
  }
  const admin = await openAdmin(options)
  const { socketPath } = options
  return {
    ...clientOf({ url: admin.url, socketPath, token }),
    admin,
    control,
    admins,
    events,
    gate,
    token,
    socketPath,
    defects,
    link,
    append: ledgerOf(events),
    [Symbol.asyncDispose]: async () => {
      await admin[Symbol.asyncDispose]()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

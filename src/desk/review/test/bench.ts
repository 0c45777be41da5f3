import { verify } from 'node:crypto'
import type { Clock, Consumer, Credential, Documents, GateStatus, Told } from '../../../core/mod.ts'
import { openMemoryControlStore } from '../../control/mod.ts'
import type { VerifySignature } from '../../../tlog/mod.ts'
import type { ReviewPlan } from '../plan.ts'
import { openReviews, type Reviews } from '../reviews.ts'
import type { OnOverdue } from '../work.ts'
import { type MemoryLedger, openMemoryLedger } from './memory-ledger.ts'

export const dailyPlan: ReviewPlan = {
  name: 'daily',
  cron: '30 7 * * *',
  timeZone: 'UTC',
  period: 'day',
  sample: 25,
  dueMs: 24 * 3_600_000,
  signers: [],
}

/** A clock that stands until it is moved. */
export interface HandClock extends Clock {
  nowMs: number
}

export function handClock(at: string): HandClock {
  const clock: HandClock = { nowMs: Date.parse(at), wallMs: () => clock.nowMs, monotonicMs: () => clock.nowMs }
  return clock
}

const spkiHead = Buffer.from('302a300506032b6570032100', 'hex')

export const verifySignature: VerifySignature = (publicKey, message, signature) =>
  verify(null, message, { key: Buffer.concat([spkiHead, publicKey]), format: 'der', type: 'spki' }, signature)

/** A room of reviews over a ledger in memory; what it told the audit log is in `told`. */
export interface Bench extends AsyncDisposable {
  readonly reviews: Reviews
  readonly ledger: MemoryLedger
  readonly clock: HandClock
  readonly told: (Told & { readonly actor: string })[]
  readonly overdue: Parameters<OnOverdue>[0][]
  readonly problems: string[]
  readonly documents: Documents
  credentials: Credential[]
  status: GateStatus | null
  /** Closes the room and opens it anew over the same documents, as a restart does. */
  restart(plans?: readonly ReviewPlan[]): Promise<Reviews>
}

export function openBench({
  at = '2026-11-24T07:00:00Z',
  plans = [dailyPlan],
}: { at?: string; plans?: readonly ReviewPlan[] } = {}): Bench {
  const store = openMemoryControlStore()
  const told: Bench['told'] = []
  const documents: Documents = {
    get: (collection, id) => store.document(collection, id),
    list: (collection, range = {}) => store.documents(collection, range),
    count: (collection) => store.documentCount(collection),
    write: async (writes, events = [], actor = 'desk') => {
      await store.putDocuments(writes, [])
      told.push(...events.map((event) => ({ ...event, actor })))
    },
  }
  const open = (given: readonly ReviewPlan[]): Reviews =>
    openReviews({
      documents,
      plans: given,
      ledger: bench.ledger,
      verify: verifySignature,
      clock: bench.clock,
      credentials: () => bench.credentials,
      consumers: (): readonly Consumer[] => [],
      status: () => bench.status,
      lookMs: 1,
      onOverdue: (run) => void bench.overdue.push(run),
      onProblem: (text) => void bench.problems.push(text),
    })
  const state = { reviews: null as Reviews | null }
  const bench: Bench = {
    get reviews() {
      return (state.reviews ??= open(plans))
    },
    ledger: openMemoryLedger(),
    clock: handClock(at),
    told,
    overdue: [],
    problems: [],
    documents,
    credentials: [],
    status: healthyGate,
    restart: async (given = plans) => {
      await state.reviews?.[Symbol.asyncDispose]()
      return (state.reviews = open(given))
    },
    [Symbol.asyncDispose]: async () => await state.reviews?.[Symbol.asyncDispose](),
  }
  return bench
}

const healthyLog = { size: 0, checkpoint: null, scrub: { checkedTo: 0, faults: 0, lastRoundAtMs: 1 } }

export const healthyGate: GateStatus = {
  node: 'node-1',
  boot: 'boot-1',
  revision: 1,
  startedAtMs: 0,
  draining: false,
  threads: [],
  threadsReplaced: 0,
  ledger: {
    state: 'ok',
    size: 0,
    beatAgeMs: 5,
    commits: 0,
    bytes: 0,
    late: 0,
    keeper: { state: 'ok', why: null },
    logs: { access: healthyLog, audit: healthyLog },
    disk: { state: 'ok', freeBytes: 1, totalBytes: 1 },
  },
  limits: { keys: 0, capacity: 0, full: 0 },
  upstreams: [],
}

/** A day of ordinary traffic with some of everything, from this moment on, a request each second. */
export function ordinaryTraffic(ledger: MemoryLedger, from: string, count: number): void {
  const startMs = Date.parse(from)
  for (let n = 0; n < count; n++) {
    const write = n % 5 === 0
    const refused = n % 11 === 0
    const failed = n % 23 === 0
    ledger.access(startMs + n * 1000, {
      method: write ? 'POST' : 'GET',
      path: `/v1/orders/${n}`,
      api: 'orders',
      route: write ? 'POST /v1/orders' : 'GET /v1/orders/{id}',
      clientIp: `198.51.100.${n % 7}`,
      userAgent: 'shop/1.4',
      consumer: 'acme',
      consumerId: 'c1',
      credentialId: 'A1b2C3d4E5f6',
      identifiedBy: 'api-key',
      outcome: failed ? 'failed' : refused ? 'refused' : 'served',
      status: failed ? 502 : refused ? 429 : 200,
      reason: failed ? 'upstream_reset' : refused ? 'quota_exceeded' : null,
    })
  }
}

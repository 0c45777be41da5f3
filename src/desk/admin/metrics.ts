import { type AccessEvent, type GateStatus, ledgerLogs, type LogStatus, type UpstreamStatus } from '../../core/mod.ts'
import type { Control } from '../control/mod.ts'
import { statusClass } from './event-filter.ts'
import { family, openCounters, openHistograms, type Sample } from './exposition.ts'
import type { RecentEvents } from './recent-events.ts'
import type { GateView } from './shown.ts'

export interface MetricsOptions {
  readonly events: RecentEvents
  readonly gate: GateView
  readonly control: Pick<Control, 'revision'>
  readonly version: string
  /** By name, the first record of the access log that each follower has not got. */
  readonly followers: () => ReadonlyMap<string, number>
  /** What other rooms count. @default nothing */
  readonly others?: () => readonly Figure[]
}

/** A family of figures of another room. */
export interface Figure {
  readonly type: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly samples: readonly Sample[]
}

/** Figures for a scraper. Requests are counted from this process's start on, as counters must be; records name no caller here. */
export interface Metrics extends Disposable {
  /** Prometheus text format 0.0.4. */
  text(): string
}

export function openMetrics(options: MetricsOptions): Metrics {
  const { events, gate, control, version, followers, others = () => [] } = options
  const requests = openCounters({ name: 'gatehouse_requests_total', help: 'Requests, by how they ended.' })
  const durations = openHistograms({
    name: 'gatehouse_request_duration_seconds',
    help: 'From the complete head to the end of the answer.',
  })
  const firstBytes = openHistograms({
    name: 'gatehouse_upstream_first_byte_seconds',
    help: 'From the complete head to the first byte of the upstream’s answer.',
  })
  const count = (event: AccessEvent): void => {
    const api = event.api ?? ''
    requests.add({ api, outcome: event.outcome, reason: event.reason ?? '', status: statusClass(event.status) })
    durations.observe({ api }, event.durationUs / 1e6)
    if (event.upstreamFirstByteUs !== null) firstBytes.observe({ api }, event.upstreamFirstByteUs / 1e6)
  }
  const listening = events.listen(({ seq, event }) => {
    if (seq >= events.liveFrom && event.kind === 'request') count(event)
  })
  return {
    text: () => {
      const status = gate.status()
      return [
        requests.text(),
        durations.text(),
        firstBytes.text(),
        gauge('gatehouse_gate_up', 'Whether a gate is connected.', status === null ? 0 : 1),
        gauge('gatehouse_revision', 'Revision of the rules, as the desk has it.', control.revision),
        ...(status === null
          ? []
          : [
              gateText(status),
              ledgerText(status, followers()),
              logsText(status),
              limitsText(status),
              upstreamsText(status),
            ]),
        ...others().map(({ type, name, help, samples }) => family(type, { name, help }, samples)),
        processText(version),
      ].join('')
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  }
}

function gateText({ revision, startedAtMs, draining, threads, threadsReplaced }: GateStatus): string {
  const each = (value: (thread: GateStatus['threads'][number]) => number): Sample[] =>
    threads.map((thread) => ({ labels: { thread: thread.thread }, value: value(thread) }))
  return [
    gauge('gatehouse_gate_revision', 'Revision of the rules that the gate works by.', revision),
    gauge('gatehouse_gate_start_time_seconds', 'When the gate started.', startedAtMs / 1000),
    gauge('gatehouse_gate_draining', 'Whether the gate is shutting down.', draining ? 1 : 0),
    counter('gatehouse_gate_threads_replaced_total', 'Gateway threads that died and were replaced.', threadsReplaced),
    gauges(
      'gatehouse_gate_connections',
      'Open client connections.',
      each((thread) => thread.connections),
    ),
    gauges(
      'gatehouse_gate_inflight_requests',
      'Requests in work.',
      each((thread) => thread.inflight),
    ),
    gauges(
      'gatehouse_ring_used_bytes',
      'Bytes of records that wait for the ledger.',
      each((thread) => thread.ringBytesUsed),
    ),
    gauges(
      'gatehouse_ring_size_bytes',
      'Size of the ring in which they wait.',
      each((thread) => thread.ringBytes),
    ),
  ].join('')
}

const ledgerStates = ['ok', 'stalled', 'failed'] as const

function ledgerText({ ledger }: GateStatus, followers: ReadonlyMap<string, number>): string {
  const states = ledgerStates.map((state) => ({ labels: { state }, value: state === ledger.state ? 1 : 0 }))
  // The status is up to a second old, a follower may be ahead of it.
  const lags = [...followers].map(([follower, next]) => ({
    labels: { follower },
    value: Math.max(0, ledger.logs.access.size - next),
  }))
  return [
    gauges('gatehouse_ledger_state', 'Which state the ledger is in.', states),
    gauge('gatehouse_ledger_beat_age_seconds', 'Since the ledger thread’s last sign of life.', ledger.beatAgeMs / 1000),
    counter('gatehouse_ledger_commits_total', 'Group commits.', ledger.commits),
    counter('gatehouse_ledger_written_bytes_total', 'Bytes written.', ledger.bytes),
    counter(
      'gatehouse_ledger_late_records_total',
      'Records that found no room at once and were written later.',
      ledger.late,
    ),
    gauge('gatehouse_ledger_disk_free_bytes', 'Free space on the disk of the ledger.', ledger.disk.freeBytes),
    gauges('gatehouse_follower_lag_records', 'Records on disk that a follower has not got.', lags),
  ].join('')
}

/** What tells whether the logs are signed, and whether what was signed is still there. */
function logsText({ ledger }: GateStatus): string {
  const each = (value: (log: LogStatus) => number | null): Sample[] =>
    ledgerLogs.flatMap((log) => {
      const of = value(ledger.logs[log])
      return of === null ? [] : [{ labels: { log }, value: of }]
    })
  return [
    gauges(
      'gatehouse_ledger_records',
      'Records on disk.',
      each(({ size }) => size),
    ),
    gauge(
      'gatehouse_keeper_up',
      'Whether the thread that signs checkpoints works.',
      ledger.keeper.state === 'ok' ? 1 : 0,
    ),
    gauges(
      'gatehouse_checkpoint_records',
      'Records under the newest checkpoint.',
      each(({ checkpoint }) => checkpoint?.size ?? null),
    ),
    gauges(
      'gatehouse_checkpoint_age_seconds',
      'Since the newest checkpoint was signed.',
      each(({ checkpoint }) => (checkpoint === null ? null : checkpoint.ageMs / 1000)),
    ),
    gauges(
      'gatehouse_scrub_checked_records',
      'Records that this round of the scrub found right.',
      each(({ scrub }) => scrub.checkedTo),
    ),
    gauges(
      'gatehouse_scrub_faults',
      'Faults that the scrub found in what was signed.',
      each(({ scrub }) => scrub.faults),
    ),
    gauges(
      'gatehouse_scrub_round_time_seconds',
      'When the scrub last came to the end of the log.',
      each(({ scrub }) => (scrub.lastRoundAtMs === null ? null : scrub.lastRoundAtMs / 1000)),
    ),
  ].join('')
}

function limitsText({ limits }: GateStatus): string {
  return [
    gauge('gatehouse_limit_keys', 'Keys that are counted.', limits.keys),
    gauge('gatehouse_limit_keys_capacity', 'Keys that can be counted.', limits.capacity),
    counter('gatehouse_limit_table_full_total', 'Requests that found no room for their key.', limits.full),
  ].join('')
}

const upstreamStates = ['ok', 'trying', 'ejected', 'open', 'down'] as const

function upstreamsText({ upstreams }: GateStatus): string {
  const each = (value: (upstream: UpstreamStatus) => number): Sample[] =>
    upstreams.map((upstream) => ({ labels: { api: upstream.api, upstream: upstream.url }, value: value(upstream) }))
  const states = upstreams.flatMap(({ api, url, state }) =>
    upstreamStates.map((name) => ({ labels: { api, upstream: url, state: name }, value: name === state ? 1 : 0 })),
  )
  return [
    gauges('gatehouse_upstream_state', 'Which state an upstream is in.', states),
    gauges(
      'gatehouse_upstream_inflight_requests',
      'Requests on their way to an upstream.',
      each(({ inflight }) => inflight),
    ),
    family(
      'counter',
      { name: 'gatehouse_upstream_requests_total', help: 'Attempts at an upstream.' },
      each(({ requests }) => requests),
    ),
    family(
      'counter',
      {
        name: 'gatehouse_upstream_failures_total',
        help: 'Attempts that came to no answer, or to a status of 500 and above.',
      },
      each(({ failures }) => failures),
    ),
    family(
      'counter',
      { name: 'gatehouse_upstream_ejections_total', help: 'Times that an upstream was left out because it failed.' },
      each(({ ejections }) => ejections),
    ),
  ].join('')
}

function processText(version: string): string {
  const { user, system } = process.cpuUsage()
  const build = [{ labels: { version, node: process.version }, value: 1 }]
  return [
    counter('process_cpu_seconds_total', 'CPU time of the desk.', (user + system) / 1e6),
    gauge('process_resident_memory_bytes', 'Resident memory of the desk.', process.memoryUsage.rss()),
    gauge('process_start_time_seconds', 'When the desk started.', Math.round(performance.timeOrigin) / 1000),
    gauges('gatehouse_build_info', 'Version of Gatehouse and of its runtime.', build),
  ].join('')
}

function counter(name: string, help: string, value: number): string {
  return family('counter', { name, help }, [{ value }])
}

function gauge(name: string, help: string, value: number): string {
  return family('gauge', { name, help }, [{ value }])
}

function gauges(name: string, help: string, samples: readonly Sample[]): string {
  return family('gauge', { name, help }, samples)
}

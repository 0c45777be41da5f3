import { type GateStatus, type LedgerLog, systemClock } from '../core/mod.ts'
import type { Figure } from '../desk/admin/mod.ts'
import { type Exports, openExports, type SinkStatus } from '../desk/export/mod.ts'
import type { DeskFollower } from './desk-link.ts'
import type { DeskBase } from './desk-rooms.ts'

/** What the room of export brings. */
export interface DeskExport {
  readonly follower: DeskFollower
  readonly door: { readonly sinks: Pick<Exports, 'list' | 'test'> }
  readonly figures: () => readonly Figure[]
}

/** Delivers both logs to the sinks of the configuration, each at its own pace. */
export async function openDeskExport(base: DeskBase): Promise<DeskExport> {
  const { config, control, ledger, outbound, stack, log, gate, version } = base
  const exports = stack.use(
    await openExports({
      sinks: config.sinks,
      product: { version, node: config.gate.node },
      read: (of, from, recordsMax) => ledger.records(of, from, recordsMax),
      sizes: () => sizesOf(gate.status()),
      documents: control.documents,
      outbound,
      clock: systemClock,
      onChange: (sink, { state, why }) =>
        state === 'ok'
          ? log.info('A sink takes events again', { sink })
          : log.warn('A sink does not take events; they wait in the ledger', { sink, why }),
    }),
  )
  return { follower: wakerOf(exports), door: { sinks: exports }, figures: () => figuresOf(exports.list()) }
}

function sizesOf(status: GateStatus | null): Readonly<Record<LedgerLog, number>> | null {
  if (status === null) return null
  const { access, audit } = status.ledger.logs
  return { access: access.size, audit: audit.size }
}

/** Wakes the sinks when there is something new. They read for themselves: it needs no cursor that lasts. */
function wakerOf(exports: Exports): DeskFollower {
  let next = 0
  return {
    name: 'sinks',
    begin: (ledgerSize) => {
      next = ledgerSize
      exports.begin(ledgerSize)
      exports.wake()
    },
    cursor: async () => next,
    follow: async (batch) => {
      next = (batch.at(-1)?.seq ?? next - 1) + 1
      exports.wake()
    },
  }
}

function figuresOf(sinks: readonly SinkStatus[]): readonly Figure[] {
  const each = (value: (sink: SinkStatus) => number): Figure['samples'] =>
    sinks.map((sink) => ({ labels: { sink: sink.name }, value: value(sink) }))
  return [
    {
      type: 'gauge',
      name: 'gatehouse_sink_lag_records',
      help: 'Records that a sink has not acknowledged.',
      samples: sinks.flatMap(({ name, logs }) =>
        Object.entries(logs).flatMap(([log, place]) =>
          place === null ? [] : [{ labels: { sink: name, log }, value: place.lag }],
        ),
      ),
    },
    {
      type: 'gauge',
      name: 'gatehouse_sink_up',
      help: 'Whether the last delivery to a sink went through.',
      samples: each(({ state }) => (state === 'ok' ? 1 : 0)),
    },
    {
      type: 'counter',
      name: 'gatehouse_sink_delivered_total',
      help: 'Events that a sink acknowledged.',
      samples: each(({ delivered }) => delivered),
    },
    {
      type: 'counter',
      name: 'gatehouse_sink_rejected_total',
      help: 'Events that a sink did not want and went past.',
      samples: each(({ rejected }) => rejected),
    },
  ]
}

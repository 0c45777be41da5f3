import {
  type Clock,
  type Documents,
  GatehouseError,
  type LedgerLog,
  type LedgerRecord,
  messageOf,
} from '../../core/mod.ts'
import type { Outbound } from '../../outbound/mod.ts'
import { type ExportOnly, type ItemMaker, openItemMaker, testItem } from './items.ts'
import type { Product } from './ocsf-parts.ts'
import { type Pace, pace as productPace } from './pace.ts'
import type { Sink } from './sink.ts'
import { openSyslogSink } from './syslog-sink.ts'
import { openWebhookSink } from './webhook-sink.ts'
import { type ExportWorker, openExportWorker, type WorkerStatus } from './worker.ts'

/** A sink as the configuration has it. */
export interface SinkSettings {
  readonly name: string
  readonly type: 'syslog' | 'webhook'
  readonly url: string
  readonly ca: string | null
  readonly token: string | null
  readonly secret: string | null
  readonly only: readonly ExportOnly[]
}

export interface ExportOptions {
  readonly sinks: readonly SinkSettings[]
  readonly product: Product
  readonly read: (log: LedgerLog, from: number, recordsMax: number) => Promise<readonly LedgerRecord[]>
  /** Records on disk as of the last second; null while no gate is connected. */
  readonly sizes: () => Readonly<Record<LedgerLog, number>> | null
  readonly documents: Documents
  readonly outbound: Pick<Outbound, 'request' | 'connectTcp' | 'connectTls'>
  readonly clock: Clock
  /** From 0 up to 1. @default Math.random */
  readonly random?: () => number
  readonly pace?: Pace
  readonly onChange: (sink: string, what: { readonly state: 'failing' | 'ok'; readonly why: string }) => void
}

/** A sink with what became of it, without its secrets. */
export interface SinkStatus extends Omit<WorkerStatus, 'next'> {
  readonly name: string
  readonly type: 'syslog' | 'webhook'
  /** Without a query, which may hold a secret. */
  readonly url: string
  readonly only: readonly ExportOnly[]
  /** Of each log: the first record that it has not acknowledged, and how many there are; null where it gets none. */
  readonly logs: Readonly<Record<LedgerLog, { readonly next: number; readonly lag: number } | null>>
}

/** What a receiver made of a test event. */
export interface SinkTest {
  readonly delivered: boolean
  /** What it said, or why nothing reached it. */
  readonly answer: string
  readonly tookMs: number
}

/** All sinks at work. */
export interface Exports extends AsyncDisposable {
  /** In the order of the configuration. */
  list(): readonly SinkStatus[]
  /** Sends one event that is labelled as a test, past everything that waits. Throws `not_found`. */
  test(name: string): Promise<SinkTest>
  wake(): void
  /** To be called with the size of the access log whenever the gate connects. */
  begin(accessSize: number): void
}

/** Opens every sink and begins to deliver where each left off. */
export async function openExports(options: ExportOptions): Promise<Exports> {
  const opened = new AsyncDisposableStack()
  const { read, documents, clock, random = Math.random, pace = productPace } = options
  const sinks: OpenedSink[] = []
  for (const settings of options.sinks) {
    const sink = openSink(settings, options)
    const items = openItemMaker(options.product, settings.only)
    const onChange = (what: { readonly state: 'failing' | 'ok'; readonly why: string }): void =>
      options.onChange(settings.name, what)
    const worker = await openExportWorker({
      name: settings.name,
      sink,
      items,
      read,
      documents,
      clock,
      random,
      pace,
      onChange,
    })
    opened.use(worker)
    sinks.push({ settings, sink, worker, items })
  }
  return {
    list: () => sinks.map((one) => statusOf(one, options.sizes())),
    test: async (name) => {
      const found = sinks.find(({ settings }) => settings.name === name)
      if (found === undefined)
        throw new GatehouseError('not_found', `There is no sink '${name}': see gatehouse sinks ls`)
      return await tested(found, options)
    },
    wake: () => {
      for (const { worker } of sinks) worker.wake()
    },
    begin: (accessSize) => {
      for (const { worker } of sinks) worker.begin(accessSize)
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

interface OpenedSink {
  readonly settings: SinkSettings
  readonly sink: Sink
  readonly worker: ExportWorker
  readonly items: ItemMaker
}

function openSink({ type, url, ca, token, secret }: SinkSettings, { outbound, clock, product }: ExportOptions): Sink {
  if (type === 'syslog') return openSyslogSink({ url, ca, node: product.node, outbound })
  return openWebhookSink({ url, ca, token, secret, outbound, clock })
}

function statusOf(
  { settings, worker, items }: OpenedSink,
  sizes: Readonly<Record<LedgerLog, number>> | null,
): SinkStatus {
  const { next, ...status } = worker.status()
  const place = (log: LedgerLog): SinkStatus['logs'][LedgerLog] =>
    items.wants(log) ? { next: next[log], lag: Math.max(0, (sizes?.[log] ?? 0) - next[log]) } : null
  const { name, type, url, only } = settings
  return {
    name,
    type,
    url: url.replace(/\?.*$/, ''),
    only,
    ...status,
    logs: { access: place('access'), audit: place('audit') },
  }
}

/** How long a person waits for the answer. */
const testMs = 8_000

async function tested({ settings, sink }: OpenedSink, { clock, product }: ExportOptions): Promise<SinkTest> {
  const startedMs = clock.monotonicMs()
  const took = (): number => Math.round(clock.monotonicMs() - startedMs)
  const late = new Promise<never>((_, reject) => {
    AbortSignal.timeout(testMs).addEventListener('abort', () =>
      reject(new GatehouseError('unreachable', `There was no answer within ${testMs} ms`)),
    )
  })
  try {
    const item = testItem(settings.name, clock.wallMs(), product)
    const { kind, answer } = await Promise.race([sink.deliver([item], AbortSignal.timeout(testMs)), late])
    return { delivered: kind === 'delivered', answer, tookMs: took() }
  } catch (error) {
    return { delivered: false, answer: messageOf(error), tookMs: took() }
  }
}

import type { AccessEvent } from '../core/mod.ts'
import type { AdminClient } from './admin-client.ts'
import type { Items, LiveBatch, ShownEvent } from './answers.ts'
import { type Paint, painter, printable, type Terminal } from './terminal.ts'

export interface TailOptions {
  readonly json: boolean
  /** Query string for the live stream, such as `outcome=refused`. */
  readonly filter: string
  readonly signal: AbortSignal
  /** End after so many requests; null: never. */
  readonly count: number | null
  /** So many of the newest come first. */
  readonly last: number
}

/** Prints requests as they are recorded, and says how many it could not show. */
export async function tail(client: AdminClient, terminal: Terminal, options: TailOptions): Promise<void> {
  const paint = painter(terminal)
  let left = options.count ?? Number.POSITIVE_INFINITY
  const print = (shown: ShownEvent): void =>
    terminal.out(options.json ? `${JSON.stringify(shown)}\n` : `${lineOf(shown, paint)}\n`)
  const query = new URLSearchParams(options.filter)
  for (const shown of await newest(client, options)) {
    print(shown)
    if (--left <= 0) return
    query.set('from', String(shown.seq + 1))
  }
  const path = `/v1/events/live?${query.toString()}`
  for await (const message of client.stream(path, options.signal)) {
    if (message.event === 'hello') terminal.err(paint('dim', '-- live, Ctrl-C stops it\n'))
    if (message.event !== 'batch') continue
    // What our own server sent; see answers.ts.
    const batch = JSON.parse(message.data) as LiveBatch
    for (const shown of batch.events) {
      print(shown)
      if (--left <= 0) return
    }
    if (batch.skipped > 0) terminal.err(paint('yellow', `-- ${batch.skipped} not shown: this terminal is too slow\n`))
  }
}

/** Oldest first. */
async function newest(client: AdminClient, { filter, last }: TailOptions): Promise<readonly ShownEvent[]> {
  if (last === 0) return []
  const page = (await client.get(`/v1/events?limit=${last}${filter === '' ? '' : `&${filter}`}`)) as Items<ShownEvent>
  return page.items.toReversed()
}

/** `14:02:59.243 ⊘ 403 GET  /v1/orders  web-app  198.51.100.70  insufficient_scope  3.1 ms  5f2c…` */
export function lineOf({ recordedAtUs, event }: ShownEvent, paint: Paint): string {
  const time = new Date(recordedAtUs / 1000).toISOString().slice(11, 23)
  const why = event.reason ?? (event.wouldRefuse === null ? '' : `observed: ${event.wouldRefuse}`)
  const cells = [
    paint('dim', time),
    mark(event, paint),
    event.status === 0 ? '–  ' : String(event.status),
    printable(event.method).padEnd(6),
    printable(event.path).padEnd(28),
    (event.consumer ?? '–').padEnd(14),
    event.clientIp.padEnd(15),
    `${(event.durationUs / 1000).toFixed(1)} ms`.padStart(9),
    paint('dim', event.id),
    paint('yellow', why),
  ]
  return cells.join(' ').trimEnd()
}

function mark(event: AccessEvent, paint: Paint): string {
  if (event.kind === 'opened') return paint('cyan', '…')
  if (event.kind === 'amended') return paint('yellow', '±')
  switch (event.outcome) {
    case 'served':
      return event.status >= 500 ? paint('red', '!') : paint('green', '✓')
    case 'refused':
      return paint('yellow', '⊘')
    case 'failed':
      return paint('red', '✕')
    case 'aborted':
      return paint('dim', '↯')
  }
}

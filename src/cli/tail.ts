import type { AccessEvent } from '../core/mod.ts'
import type { AdminClient } from './admin-client.ts'
import type { LiveBatch, ShownEvent } from './answers.ts'
import { type Paint, painter, printable, type Terminal } from './terminal.ts'

export interface TailOptions {
  readonly json: boolean
  /** Query string for the live stream, such as `outcome=refused`. */
  readonly filter: string
  readonly signal: AbortSignal
  /** End after so many requests; null: never. */
  readonly count: number | null
}

/** Prints requests as they are recorded, and says how many it could not show. */
export async function tail(client: AdminClient, terminal: Terminal, options: TailOptions): Promise<void> {
  const paint = painter(terminal)
  const path = options.filter === '' ? '/v1/events/live' : `/v1/events/live?${options.filter}`
  let left = options.count ?? Number.POSITIVE_INFINITY
  for await (const message of client.stream(path, options.signal)) {
    if (message.event === 'hello') terminal.err(paint('dim', '-- live, Ctrl-C stops it\n'))
    if (message.event !== 'batch') continue
    // What our own server sent; see answers.ts.
    const batch = JSON.parse(message.data) as LiveBatch
    for (const shown of batch.events) {
      terminal.out(options.json ? `${JSON.stringify(shown)}\n` : `${lineOf(shown, paint)}\n`)
      if (--left <= 0) return
    }
    if (batch.skipped > 0) terminal.err(paint('yellow', `-- ${batch.skipped} not shown: this terminal is too slow\n`))
  }
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

import type { Items } from './answers.ts'
import { exitCodes } from './exit-codes.ts'
import type { Shown } from './keys.ts'
import { painter, printable, table } from './terminal.ts'

// What the admin API of the same version answers.

interface Sink {
  readonly name: string
  readonly type: string
  readonly url: string
  readonly only: readonly string[]
  readonly state: 'ok' | 'failing' | 'open'
  readonly failures: number
  readonly lastAnswer: string | null
  readonly failingSinceMs: number | null
  readonly delivered: number
  readonly rejected: number
  readonly logs: Readonly<Record<string, { readonly next: number; readonly lag: number } | null>>
}

interface Tested {
  readonly delivered: boolean
  readonly answer: string
  readonly tookMs: number
}

const none =
  'No sinks. Name one in the configuration: sinks: { siem: { type: syslog, url: tls://siem.example.com:6514 } }\n'

/** `sinks ls` */
export async function listSinks({ client, terminal, json }: Shown): Promise<void> {
  const { items } = (await client.get('/v1/sinks')) as Items<Sink>
  if (json) return terminal.out(`${JSON.stringify({ items })}\n`)
  if (items.length === 0) return terminal.err(none)
  const paint = painter(terminal)
  const rows = items.map((sink) => [
    sink.name,
    sink.type,
    sink.state,
    String(lagOf(sink)),
    String(sink.delivered),
    String(sink.rejected),
    sink.only.length === 0 ? 'everything' : sink.only.join(' '),
    sink.url,
  ])
  terminal.out(table([['NAME', 'TYPE', 'STATE', 'LAG', 'DELIVERED', 'REJECTED', 'GETS', 'URL'], ...rows]))
  for (const { name, state, failures, lastAnswer } of items)
    if (state !== 'ok')
      terminal.err(`${paint('yellow', name)}: ${failures} failures in a row: ${printable(lastAnswer ?? 'no answer')}\n`)
}

/** `sinks test` */
export async function testSink({ client, terminal, json }: Shown, name: string): Promise<number> {
  const tested = (await client.post(`/v1/sinks/${encodeURIComponent(name)}/test`, {})) as Tested
  const { delivered, answer, tookMs } = tested
  const paint = painter(terminal)
  if (json) terminal.out(`${JSON.stringify(tested)}\n`)
  else if (delivered) terminal.out(`${paint('green', 'delivered')} in ${tookMs} ms: ${printable(answer)}\n`)
  else terminal.out(`${paint('red', 'not delivered')} after ${tookMs} ms: ${printable(answer)}\n`)
  return delivered ? exitCodes.ok : exitCodes.found
}

/** `sinks lag` */
export async function sinkLag({ client, terminal, json }: Shown): Promise<number> {
  const { items } = (await client.get('/v1/sinks')) as Items<Sink>
  const rows = items.flatMap(({ name, state, logs }) =>
    Object.entries(logs).flatMap(([log, place]) => (place === null ? [] : [{ sink: name, log, state, ...place }])),
  )
  if (json) terminal.out(`${JSON.stringify({ items: rows })}\n`)
  else if (rows.length === 0) terminal.err(none)
  else
    terminal.out(
      table([
        ['SINK', 'LOG', 'STATE', 'NEXT', 'LAG'],
        ...rows.map(({ sink, log, state, next, lag }) => [sink, log, state, String(next), String(lag)]),
      ]),
    )
  return items.every(({ state }) => state === 'ok') ? exitCodes.ok : exitCodes.found
}

function lagOf({ logs }: Sink): number {
  return Object.values(logs).reduce((sum, place) => sum + (place?.lag ?? 0), 0)
}

import type { UpstreamStatus } from '../core/mod.ts'
import type { Items } from './answers.ts'
import { exitCodes } from './exit-codes.ts'
import type { Shown } from './keys.ts'
import { painter, printable, table } from './terminal.ts'

/** `upstreams` */
export async function listUpstreams({ client, terminal, json }: Shown): Promise<number> {
  const { items } = (await client.get('/v1/upstreams')) as Items<UpstreamStatus>
  const code = items.every(({ state }) => state === 'ok') ? exitCodes.ok : exitCodes.found
  if (json) {
    terminal.out(`${JSON.stringify({ items })}\n`)
    return code
  }
  if (items.length === 0) terminal.err('No upstreams: no gate is connected, or it has just started\n')
  const paint = painter(terminal)
  const rows = items.map((upstream) => [
    upstream.api,
    upstream.panic ? `${upstream.state}, used` : upstream.state,
    String(upstream.inflight),
    String(upstream.requests),
    String(upstream.failures),
    String(upstream.ejections),
    upstream.url,
  ])
  if (items.length > 0)
    terminal.out(table([['API', 'STATE', 'IN FLIGHT', 'ATTEMPTS', 'FAILURES', 'EJECTED', 'UPSTREAM'], ...rows]))
  for (const { url, state, why } of items)
    if (state !== 'ok') terminal.err(`${paint('yellow', url)}: ${printable(why)}\n`)
  return code
}

import type { ShownRequest } from './answers.ts'
import { explain } from './explain.ts'
import { exitCodes } from './exit-codes.ts'
import type { Shown } from './keys.ts'
import { painter } from './terminal.ts'

/** `explain`: exit code 0 for a served request, 1 for any other end. */
export async function explainRequest({ client, terminal, json }: Shown, id: string): Promise<number> {
  // What our own server answers; see answers.ts.
  const request = (await client.get(`/v1/events/${encodeURIComponent(id)}`)) as ShownRequest
  terminal.out(json ? `${JSON.stringify(request)}\n` : explain(request, painter(terminal)))
  return request.event.outcome === 'served' ? exitCodes.ok : exitCodes.found
}

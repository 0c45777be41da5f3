import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { AppEnv, AppOptions } from './app-options.ts'
import { type EventFilter, listEvents } from './event-filter.ts'
import { findRequest } from './find-request.ts'
import { openLiveStream } from './live-stream.ts'
import { answerProblem, problemOf } from './problem.ts'
import { filterOf, filterQuery, guarded, integer, json, refusals } from './route-parts.ts'
import { noRecord } from './routes-ledger.ts'
import { eventPageSchema, shownRequestSchema } from './schemas.ts'

const tags = ['Events']
const limitMax = 1_000
const limitDefault = 100

const seqQuery = integer(0, Number.MAX_SAFE_INTEGER).optional()

const list = createRoute({
  method: 'get',
  path: '/v1/events',
  tags,
  summary: 'List recent records, newest first',
  description:
    'Recent means what the desk holds in memory, about the last 50,000 records. The ledger holds all of them.',
  request: {
    query: z.strictObject({
      ...filterQuery,
      limit: integer(1, limitMax).optional().openapi({
        type: 'integer',
        minimum: 1,
        maximum: limitMax,
        default: limitDefault,
        description: 'Most records',
      }),
      before: seqQuery.openapi({
        type: 'integer',
        description: 'Only records below this position: `next` of the page before',
      }),
    }),
  },
  responses: { 200: json('A page', eventPageSchema), ...refusals(...guarded, 'invalid_request') },
})

const live = createRoute({
  method: 'get',
  path: '/v1/events/live',
  tags,
  summary: 'Follow records as they are taken',
  description:
    'Server-sent events. `hello` with `time` and `version` comes first, then `batch` with `events` and `skipped` (see LiveBatch), ' +
    'at most four a second with at most 200 records each. What does not fit is skipped and counted, served requests first. ' +
    'Each `id` is the position of the last record that is accounted for: `Last-Event-ID` resumes behind it without a gap, as ' +
    'far back as the desk holds records. A comment comes after 15 s of silence.',
  request: {
    query: z.strictObject({
      ...filterQuery,
      from: seqQuery.openapi({ type: 'integer', description: 'First position to send; without it, what is new' }),
    }),
    headers: z.object({
      'last-event-id': z
        .string()
        .optional()
        .openapi({ description: 'Position of the last record seen; goes before `from`' }),
    }),
  },
  responses: {
    200: { description: 'The stream', content: { 'text/event-stream': { schema: z.string() } } },
    ...refusals(...guarded, 'invalid_request', 'too_many_streams'),
  },
})

const one = createRoute({
  method: 'get',
  path: '/v1/events/{id}',
  tags,
  summary: 'Everything known of one request',
  description: 'From memory while it is recent, else from the ledger, as far back as the request index reaches.',
  request: { params: z.object({ id: z.string().openapi({ description: 'The request’s x-request-id' }) }) },
  responses: { 200: json('The request', shownRequestSchema), ...refusals(...guarded, 'not_found', 'unreachable') },
})

/** Adds what reads records. */
export function addEventRoutes(app: OpenAPIHono<AppEnv>, options: AppOptions): void {
  const { events } = options
  const streams = { open: 0 }

  app.openapi(list, (c) => {
    const { limit = limitDefault, before, ...query } = c.req.valid('query')
    return c.json(listEvents(events, filterOf(query), { before, limit }), 200)
  })
  app.openapi(live, (c) => {
    if (streams.open >= options.live.streamsMax) {
      return answerProblem(
        c,
        problemOf('too_many_streams', `There are ${streams.open} live streams, the most there may be`),
      )
    }
    const { from, ...query } = c.req.valid('query')
    const last = lastEventId(c.req.valid('header')['last-event-id'])
    streams.open++
    return stream(c, options, { filter: filterOf(query), from: last ?? from ?? null, onEnd: () => void streams.open-- })
  })
  app.openapi(one, async (c) => {
    const { id } = c.req.valid('param')
    const request = await findRequest(id, options)
    if (request === null) throw noRecord(id)
    return c.json(request, 200)
  })
}

interface Streamed {
  readonly filter: EventFilter
  readonly from: number | null
  readonly onEnd: () => void
}

function stream(
  c: Context<AppEnv>,
  { events, clock, version, live: pace, signal }: AppOptions,
  streamed: Streamed,
): Response {
  // Nothing is written to a client that takes nothing, so that its connection falls silent and is then cut off.
  c.env.outgoing.setTimeout(pace.stalledMs)
  // Who is no longer signed in sees nothing more.
  const caller = c.get('caller')
  const until = caller.kind === 'admin' ? AbortSignal.any([signal, caller.signedIn.session.ended]) : signal
  const body = openLiveStream({ events, clock, version, pace, signal: until, ...streamed })
  return c.body(body, 200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
}

/** The first position behind the one that a client saw last; null for anything that we did not send. */
function lastEventId(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) + 1 : null
}

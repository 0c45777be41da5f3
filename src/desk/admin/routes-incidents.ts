import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { GatehouseError } from '../../core/mod.ts'
import type { ActWish } from '../alert/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { actorOf } from './caller.ts'
import { body, guarded, integer, json, refusals } from './route-parts.ts'
import { bodied, stored } from './route-refusals.ts'
import {
  incidentPageSchema,
  incidentSchema,
  shownIncident,
  shownSummary,
  stateSchema,
  targetsSchema,
} from './schemas-incidents.ts'

const tags = ['Incidents']
const pageMax = 200
const noteCharsMax = 2_000
const snoozeMsMin = 60_000
const snoozeMsMax = 30 * 24 * 3_600_000

const listIncidents = createRoute({
  method: 'get',
  path: '/v1/incidents',
  tags,
  summary: 'List incidents, newest first',
  request: {
    query: z.strictObject({
      state: stateSchema.optional(),
      before: integer(1, Number.MAX_SAFE_INTEGER)
        .optional()
        .openapi({ type: 'integer', description: '`next` of the page before' }),
      limit: integer(1, pageMax)
        .optional()
        .openapi({ type: 'integer', minimum: 1, maximum: pageMax, default: 50, description: 'Most items' }),
    }),
  },
  responses: {
    200: json('Incidents', incidentPageSchema),
    ...refusals(...guarded, ...stored, 'invalid_request'),
  },
})

const params = z.object({ id: z.string().max(32).openapi({ example: 'INC-1' }) })

const getIncident = createRoute({
  method: 'get',
  path: '/v1/incidents/{id}',
  tags,
  summary: 'Show an incident with its findings, evidence and story',
  request: { params },
  responses: { 200: json('The incident', incidentSchema), ...refusals(...guarded, ...stored, 'not_found') },
})

const note = z.string().max(noteCharsMax).optional().openapi({ description: 'Why; stands in its story' })
const noteBody = z.strictObject({ note })

const acknowledge = createRoute({
  method: 'post',
  path: '/v1/incidents/{id}/ack',
  tags,
  summary: 'Say that somebody looks at it',
  request: { params, body: body(noteBody) },
  responses: {
    200: json('It is acknowledged', incidentSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_allowed', 'not_found', 'conflict'),
  },
})

const resolve = createRoute({
  method: 'post',
  path: '/v1/incidents/{id}/resolve',
  tags,
  summary: 'Say that it is over',
  description: 'What goes on afterwards opens it again.',
  request: { params, body: body(noteBody) },
  responses: {
    200: json('It is resolved', incidentSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_allowed', 'not_found', 'conflict'),
  },
})

const snooze = createRoute({
  method: 'post',
  path: '/v1/incidents/{id}/snooze',
  tags,
  summary: 'Leave it alone for a while',
  request: {
    params,
    body: body(
      z.strictObject({
        note,
        forMs: z
          .int()
          .min(snoozeMsMin)
          .max(snoozeMsMax)
          .optional()
          .openapi({ description: 'Four hours when left out' }),
      }),
    ),
  },
  responses: {
    200: json('It is snoozed', incidentSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_allowed', 'not_found', 'conflict'),
  },
})

const addNote = createRoute({
  method: 'post',
  path: '/v1/incidents/{id}/note',
  tags,
  summary: 'Add a note to its story',
  request: { params, body: body(z.strictObject({ note: z.string().min(1).max(noteCharsMax) })) },
  responses: {
    200: json('It is added', incidentSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_allowed', 'not_found'),
  },
})

const listTargets = createRoute({
  method: 'get',
  path: '/v1/alerts',
  tags: ['Alerts'],
  summary: 'How each way to people stands',
  responses: { 200: json('Targets', targetsSchema), ...refusals(...guarded, 'unreachable') },
})

const testTarget = createRoute({
  method: 'post',
  path: '/v1/alerts/{target}/test',
  tags: ['Alerts'],
  summary: 'Send a labelled test',
  request: {
    params: z.object({ target: z.string().max(64).openapi({ example: 'on-call' }) }),
    body: body(z.strictObject({})),
  },
  responses: {
    200: json('It was taken', z.object({ sent: z.literal(true) })),
    ...refusals(...guarded, ...bodied, 'not_allowed', 'not_found', 'unreachable'),
  },
})

const startDrill = createRoute({
  method: 'post',
  path: '/v1/drills',
  tags: ['Incidents'],
  summary: 'Record that a synthetic attack on the demo begins',
  description: 'Whoever asks makes the requests. Refused where the gateway does not stand in front of the demo.',
  request: { body: body(z.strictObject({ attack: z.enum(['credential-stuffing']) })) },
  responses: {
    201: json('Where to send the requests', z.object({ gateway: z.string(), startedAtMs: z.int() })),
    ...refusals(...guarded, ...bodied, ...stored, 'not_allowed', 'conflict'),
  },
})

/** Adds incidents, ways to people, and drills. */
export function addIncidentRoutes(app: OpenAPIHono<AppEnv>, options: AppOptions): void {
  const { clock } = options
  app.openapi(listIncidents, async (c) => {
    const { state, before, limit = 50 } = c.req.valid('query')
    const door = there(options.incidents)
    const found = await door.list({ state, before, max: limit + 1 })
    const items = found.slice(0, limit)
    const next = found.length > limit ? (items.at(-1)?.number ?? null) : null
    return c.json({ items: items.map(shownIncident), next, summary: shownSummary(door.summary()) }, 200)
  })
  app.openapi(getIncident, async (c) => c.json(await there(options.incidents).get(c.req.valid('param').id), 200))
  const act = (id: string, wish: ActWish) => there(options.incidents).act(id, wish)
  app.openapi(acknowledge, async (c) => {
    const { note: why } = c.req.valid('json')
    return c.json(await act(c.req.valid('param').id, { kind: 'acknowledge', by: actorOf(c), note: why }), 200)
  })
  app.openapi(resolve, async (c) => {
    const { note: why } = c.req.valid('json')
    return c.json(await act(c.req.valid('param').id, { kind: 'resolve', by: actorOf(c), note: why }), 200)
  })
  app.openapi(snooze, async (c) => {
    const { note: why, forMs } = c.req.valid('json')
    return c.json(await act(c.req.valid('param').id, { kind: 'snooze', by: actorOf(c), note: why, forMs }), 200)
  })
  app.openapi(addNote, async (c) => {
    const { note: text } = c.req.valid('json')
    return c.json(await act(c.req.valid('param').id, { kind: 'note', by: actorOf(c), note: text }), 200)
  })
  app.openapi(listTargets, (c) => c.json({ items: there(options.alerts).targets() }, 200))
  app.openapi(testTarget, async (c) => {
    await there(options.alerts).test(c.req.valid('param').target)
    return c.json({ sent: true as const }, 200)
  })
  app.openapi(startDrill, async (c) => {
    const { gateway } = await there(options.drills).start(c.req.valid('json').attack, actorOf(c))
    return c.json({ gateway, startedAtMs: clock.wallMs() }, 201)
  })
}

function there<T>(door: T | undefined): T {
  if (door === undefined) throw new GatehouseError('unreachable', 'Detection is not open in this desk')
  return door
}

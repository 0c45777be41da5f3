import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Exports, SinkStatus, SinkTest } from '../export/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { guarded, json, refusals } from './route-parts.ts'

/** What the routes speak for. */
export type SinksDoor = Pick<Exports, 'list' | 'test'>

const tags = ['Sinks']
const count = z.int().nonnegative()
const timeMsOrNull = z.int().nullable()
const place = z
  .object({
    next: count.openapi({ description: 'The first record that the sink has not acknowledged' }),
    lag: count.openapi({ description: 'Records that it has not acknowledged, as of the last second' }),
  })
  .nullable()

const sinkSchema: z.ZodType<SinkStatus> = z
  .object({
    name: z.string().openapi({ example: 'siem' }),
    type: z.enum(['syslog', 'webhook']),
    url: z.string().openapi({ description: 'Without its query', example: 'tls://siem.example.com:6514' }),
    only: z
      .array(z.enum(['served', 'refused', 'failed', 'aborted', 'audit']))
      .openapi({ description: 'What it is limited to; empty: it gets everything' }),
    state: z.enum(['ok', 'failing', 'open']).openapi({
      description: '`failing`: deliveries are tried again with back-off; `open`: they failed several times in a row',
    }),
    failures: count.openapi({ description: 'In a row' }),
    lastAnswer: z.string().nullable().openapi({ description: 'What the receiver said, or why nothing reached it' }),
    failingSinceMs: timeMsOrNull,
    deliveredAtMs: timeMsOrNull,
    delivered: count.openapi({ description: 'Events, since the desk started' }),
    rejected: count.openapi({ description: 'Events that it did not want, since the desk started' }),
    logs: z.object({ access: place, audit: place }).openapi({ description: 'Null for a log that it does not get' }),
  })
  .openapi('Sink')

const testSchema: z.ZodType<SinkTest> = z
  .object({
    delivered: z.boolean(),
    answer: z.string().openapi({ description: 'What the receiver said, or why nothing reached it' }),
    tookMs: count,
  })
  .openapi('SinkTest')

const list = createRoute({
  method: 'get',
  path: '/v1/sinks',
  tags,
  summary: 'List receivers of events, and how far each is behind',
  responses: {
    200: json('In the order of the configuration', z.object({ items: z.array(sinkSchema) })),
    ...refusals(...guarded),
  },
})

const test = createRoute({
  method: 'post',
  path: '/v1/sinks/{name}/test',
  tags,
  summary: 'Send one event that is labelled as a test',
  description: 'It goes past everything that waits. The answer says what the receiver said.',
  request: { params: z.object({ name: z.string().max(64).openapi({ example: 'siem' }) }) },
  responses: { 200: json('It was tried', testSchema), ...refusals(...guarded, 'not_found', 'not_allowed') },
})

/** Adds sinks; nothing where nothing is exported. */
export function addSinkRoutes(app: OpenAPIHono<AppEnv>, { sinks }: AppOptions): void {
  if (sinks === undefined) return
  app.openapi(list, (c) => c.json({ items: [...sinks.list()] }, 200))
  app.openapi(test, async (c) => c.json(await sinks.test(c.req.valid('param').name), 200))
}

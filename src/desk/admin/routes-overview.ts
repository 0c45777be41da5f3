import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { AppEnv, AppOptions } from './app-options.ts'
import { createLedgerGlance, incidentsGlance, overviewSchema } from './overview-answer.ts'
import { guarded, integer, json, refusals } from './route-parts.ts'

const minutesMax = 60
const minutesDefault = 10

const overview = createRoute({
  method: 'get',
  path: '/v1/overview',
  tags: ['Operation'],
  summary: 'What happened in the last minutes, and what is otherwise than usual',
  description:
    'From memory, at most an hour back. Series hold counts of requests for each whole step of `everyMs`; durations are in µs, with an ' +
    'error of at most 3 %. Asking keeps no session alive.',
  request: {
    query: z.strictObject({
      minutes: integer(1, minutesMax).optional().openapi({
        type: 'integer',
        minimum: 1,
        maximum: minutesMax,
        default: minutesDefault,
        description: 'How far back',
      }),
    }),
  },
  responses: { 200: json('As of now', overviewSchema), ...refusals(...guarded, 'invalid_request') },
})

/** Adds what the console begins with. */
export function addOverviewRoutes(app: OpenAPIHono<AppEnv>, options: AppOptions): void {
  const { overview: desk } = options
  if (desk === undefined) return
  const ledger = createLedgerGlance(options)
  app.openapi(overview, (c) => {
    const { minutes = minutesDefault } = c.req.valid('query')
    const seen = desk.look(minutes)
    return c.json({ ...seen, ledger: ledger(), incidents: incidentsGlance(options, seen.nowMs) }, 200)
  })
}

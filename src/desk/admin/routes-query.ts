import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { GatehouseError } from '../../core/mod.ts'
import {
  askQuestion,
  fields,
  groupsMax,
  measureWords,
  parseQuestion,
  queryCharsMax,
  type QueryEngine,
  queryHelp,
  type QueryRange,
} from '../query/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { queryAnswerSchema, queryLanguageSchema } from './query-answer.ts'
import { guarded, integer, json, refusals } from './route-parts.ts'

/** What requests are searched with. */
export type QueryDoor = QueryEngine

const rangeMsDefault = 3_600_000
/** Shorter than what a request to this API may take. */
const deadlineMsMax = 8_000

const place = integer(0, Number.MAX_SAFE_INTEGER).optional()

const query = createRoute({
  method: 'get',
  path: '/v1/query',
  tags: ['Events'],
  summary: 'Search and count requests',
  description:
    'In the query language: `status:401,403 -ip:10.0.0.0/8 | count by route every 5m`. Without a stage the answer holds requests, ' +
    'the newest first. One row for each request: its terminal record. The range is one of times or one of positions.',
  request: {
    query: z.strictObject({
      q: z.string().max(queryCharsMax).optional().openapi({
        description: 'The query; everything when left out',
        example: 'status:401 | top 10 ip',
      }),
      from: place.openapi({
        type: 'integer',
        description: 'ms since the Unix epoch; an hour before `to` when left out',
      }),
      to: place.openapi({ type: 'integer', description: 'The first ms that is not meant; now when left out' }),
      seqFrom: place.openapi({ type: 'integer', description: 'Instead of times: the first position in the ledger' }),
      seqTo: place.openapi({ type: 'integer', description: 'With `seqFrom`: the first position that is not meant' }),
      before: place.openapi({ type: 'integer', description: 'Only requests below this position, for the next page' }),
      limit: integer(1, groupsMax).optional().openapi({
        type: 'integer',
        minimum: 1,
        maximum: groupsMax,
        default: 100,
        description: 'Most rows; of requests there are at most 1,000',
      }),
      deadlineMs: integer(1, deadlineMsMax).optional().openapi({
        type: 'integer',
        minimum: 1,
        maximum: deadlineMsMax,
        default: 2_000,
        description: 'When to stop reading and answer in part',
      }),
    }),
  },
  responses: {
    200: json('The answer', queryAnswerSchema),
    ...refusals(...guarded, 'invalid_request', 'invalid_argument', 'store_unreadable', 'unreachable'),
  },
})

const language = createRoute({
  method: 'get',
  path: '/v1/query/fields',
  tags: ['Events'],
  summary: 'What can be asked',
  description: 'The fields and measures of the query language, for completion and help.',
  responses: { 200: json('The language', queryLanguageSchema), ...refusals(...guarded) },
})

/** Adds the search, where there is an index. */
export function addQueryRoutes(app: OpenAPIHono<AppEnv>, { query: engine, clock }: AppOptions): void {
  if (engine === undefined) return
  app.openapi(language, (c) => c.json({ fields, measures: measureWords, help: queryHelp() }, 200))
  app.openapi(query, async (c) => {
    const { q = '', limit, before, deadlineMs, ...asked } = c.req.valid('query')
    const answer = await askQuestion(engine, parseQuestion(q), {
      range: rangeOf(asked, clock.wallMs()),
      ...(limit === undefined ? {} : { limit }),
      ...(before === undefined ? {} : { beforeSeq: before }),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    })
    return c.json(answer, 200)
  })
}

interface AskedRange {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly seqFrom?: number | undefined
  readonly seqTo?: number | undefined
}

function rangeOf({ from, to, seqFrom, seqTo }: AskedRange, nowMs: number): QueryRange {
  if (seqFrom === undefined && seqTo === undefined) {
    const toMs = to ?? nowMs + 1
    return { fromMs: from ?? toMs - rangeMsDefault, toMs }
  }
  if (from !== undefined || to !== undefined)
    throw new GatehouseError(
      'invalid_argument',
      'Cannot use times and positions together: name from and to, or seqFrom and seqTo',
    )
  return { seqFrom: seqFrom ?? 0, seqTo: seqTo ?? Number.MAX_SAFE_INTEGER }
}

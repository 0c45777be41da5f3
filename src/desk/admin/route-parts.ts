import { z } from '@hono/zod-openapi'
import type { AccessEvent, Outcome } from '../../core/mod.ts'
import type { EventFilter } from './event-filter.ts'
import { type Problem, type ProblemCode, problems, problemType } from './problem.ts'
import { problemSchema } from './schemas.ts'

// Parts that several routes are made of.

// Type aliases, where the framework asks for index signatures, which interfaces do not have.
type JsonContent<S> = { 'application/json': { schema: S } }

/** A success of a route, for the document and for the compiler. */
export function json<S extends z.ZodType>(
  description: string,
  schema: S,
): { description: string; content: JsonContent<S> } {
  return { description, content: { 'application/json': { schema } } }
}

type ProblemContent = { description: string; content: { [problemType]: { schema: z.ZodType<Problem> } } }

type StatusOf<C extends ProblemCode> = (typeof problems)[C]['status']

/** The refusals of a route. */
export function refusals<const C extends ProblemCode>(...codes: readonly C[]): { [S in StatusOf<C>]: ProblemContent } {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of codes) byStatus.set(problems[code].status, [...(byStatus.get(problems[code].status) ?? []), code])
  const responses = [...byStatus].map(([status, of]): [number, ProblemContent] => {
    const description = of.map((code) => `${problems[code].title} (\`${code}\`)`).join('; ')
    return [status, { description, content: { [problemType]: { schema: problemSchema } } }]
  })
  // One entry for each status of the codes given: exactly the type's members.
  return Object.fromEntries(responses) as { [S in StatusOf<C>]: ProblemContent }
}

/** What any route behind the token may answer. */
export const guarded: ['unauthorized', 'host_mismatch', 'internal_error', 'timed_out'] = [
  'unauthorized',
  'host_mismatch',
  'internal_error',
  'timed_out',
]

/** A body of a route. */
export function body<S extends z.ZodType>(schema: S): { required: true; content: JsonContent<S> } {
  return { required: true, content: { 'application/json': { schema } } }
}

const integerText = /^(?:0|[1-9]\d{0,15})$/

/** A whole number from a query. */
export function integer(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(integerText, 'takes a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `takes ${min} to ${max}`)
}

const listOf = (items: string): RegExp => new RegExp(`^(?:${items})(?:,(?:${items}))*$`)
const outcomes = 'served|refused|failed|aborted'
const kinds = 'opened|request|amended'
const statuses = '0|[1-5]\\d\\d|[1-5]xx'

/** The query parameters by which events are chosen; all of them must hold. */
export const filterQuery: {
  outcome: z.ZodOptional<z.ZodString>
  consumer: z.ZodOptional<z.ZodString>
  status: z.ZodOptional<z.ZodString>
  path: z.ZodOptional<z.ZodString>
  kind: z.ZodOptional<z.ZodString>
} = {
  outcome: z
    .string()
    .regex(listOf(outcomes), 'takes served, refused, failed and aborted, separated by commas')
    .optional()
    .openapi({ description: 'Any of these, separated by commas', example: 'refused,failed' }),
  consumer: z.string().max(64).optional().openapi({ description: 'Name of the consumer', example: 'acme' }),
  status: z
    .string()
    .regex(listOf(statuses), 'takes statuses such as 404 or 4xx, separated by commas')
    .optional()
    .openapi({
      description: 'Any of these: a status, a class, 0 for no answer; separated by commas',
      example: '404,5xx',
    }),
  path: z.string().max(2048).optional().openapi({ description: 'What the path begins with', example: '/v1/orders' }),
  kind: z
    .string()
    .regex(listOf(kinds), 'takes opened, request and amended, separated by commas')
    .optional()
    .openapi({ description: 'Kinds of records, separated by commas; all when absent', example: 'request' }),
}

/** The query's filter; its texts were held against the expressions above. */
export function filterOf(query: { [K in keyof typeof filterQuery]?: string | undefined }): EventFilter {
  return {
    outcomes: query.outcome?.split(',') as Outcome[] | undefined,
    kinds: query.kind?.split(',') as AccessEvent['kind'][] | undefined,
    consumer: query.consumer,
    statuses: query.status?.split(','),
    path: query.path,
  }
}

/** The items behind `after`, at most `limit`. An id that is not there begins at the start. */
export function pageOf<T extends { readonly id: string }>(
  all: readonly T[],
  { after, limit }: { readonly after?: string | undefined; readonly limit?: number | undefined },
): { items: readonly T[]; next: string | null } {
  const start = after === undefined ? 0 : all.findIndex((one) => one.id === after) + 1
  const items = all.slice(start, start + (limit ?? pageMax))
  return { items, next: start + items.length < all.length ? (items.at(-1)?.id ?? null) : null }
}

/** Most consumers or keys in one answer. */
export const pageMax = 10_000

/** The query parameters of a list in pages. */
export const pageQuery: { after: z.ZodOptional<z.ZodString>; limit: z.ZodOptional<z.ZodType<number, string>> } = {
  after: z.string().max(64).optional().openapi({ description: '`next` of the page before' }),
  limit: integer(1, pageMax)
    .optional()
    .openapi({ type: 'integer', minimum: 1, maximum: pageMax, default: pageMax, description: 'Most items' }),
}

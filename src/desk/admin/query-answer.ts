import { z } from '@hono/zod-openapi'
import type { Answered, Field, MeasureWord } from '../query/mod.ts'
import { shownEventSchema } from './schemas.ts'

const count = z.int().nonnegative()

const said = {
  matched: count.meta({ description: 'Requests that match, in all that was read' }),
  scanned: z.number().meta({ description: 'Which part of the range was read, from 0 to 1' }),
  rowsScanned: count,
  partial: z.boolean().meta({ description: 'What is shown holds, but there may be more: see `short`' }),
  short: z.array(z.enum(['deadline', 'memory', 'behind', 'pruned'])).meta({
    description:
      'deadline: time ran out; memory: too much for it; behind: the index has not got all yet; pruned: it no longer has the beginning',
  }),
  elapsedMs: count,
}

const columns = z.array(
  z.object({
    name: z.string().meta({ example: 'route' }),
    kind: z.enum(['text', 'address', 'number', 'duration', 'size', 'time']).meta({
      description: 'Durations are microseconds, sizes bytes, times milliseconds since the Unix epoch',
    }),
  }),
)

const cell = z.union([z.string(), z.number(), z.null()])

/** The answer to a query. */
export const queryAnswerSchema: z.ZodType<Answered> = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('events'), columns, rows: z.array(shownEventSchema), ...said }),
    z.object({
      kind: z.literal('table'),
      columns,
      rows: z.array(z.array(cell)),
      total: count.meta({ description: 'Rows that there are, those beyond `limit` included' }),
      ...said,
    }),
  ])
  .openapi('QueryAnswer')

/** What can be asked. */
export interface QueryLanguage {
  readonly fields: readonly Field[]
  readonly measures: readonly MeasureWord[]
  readonly help: string
}

const text = z.string()

/** The tables of the language. */
export const queryLanguageSchema: z.ZodType<QueryLanguage> = z
  .object({
    fields: z.array(
      z.object({
        name: z.custom<Field['name']>().openapi({ type: 'string', example: 'status' }),
        kind: z.enum(['text', 'address', 'number', 'duration', 'size', 'time']),
        aliases: z.array(text),
        about: text,
        example: text,
        values: z.array(text).nullable().meta({ description: 'The only values that there are; null for any' }),
      }),
    ),
    measures: z.array(
      z.object({
        word: text.meta({ example: 'p95(ms)' }),
        measure: z.custom<MeasureWord['measure']>().openapi({ type: 'string', example: 'p95Us' }),
        about: text,
      }),
    ),
    help: text.meta({ description: 'All of this as text, for terminals' }),
  })
  .openapi('QueryLanguage')

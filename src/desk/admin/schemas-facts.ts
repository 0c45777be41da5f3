import { z } from '@hono/zod-openapi'
import type { Facts } from '../../core/mod.ts'

const texts = z.array(z.string())

/** What was learnt of the bodies of an exchange. */
export const factsSchema: z.ZodType<Facts> = z.object({
  asked: texts.meta({ description: 'Keyed hashes of the objects that the request names' }),
  given: texts.meta({ description: 'Keyed hashes of the objects that the answer gave' }),
  givenCount: z.int(),
  login: z.string().nullable().meta({ description: 'Keyed hash of the name with which somebody tried to sign in' }),
  requestShape: z.string().nullable(),
  responseShape: z.string().nullable().meta({ description: 'Hash of all field paths with their types' }),
  requestFields: texts,
  responseFields: texts.meta({
    description: 'Field paths and types; where this shape was met for the first time in an hour',
  }),
  requestClasses: texts,
  responseClasses: texts.meta({ description: 'Classes of data, and how many of each', example: ['email=3'] }),
  errors: texts.meta({ description: 'Languages and hashes of stack traces, kinds of error texts' }),
  skipped: texts.meta({ description: 'What was not looked at, and why' }),
})

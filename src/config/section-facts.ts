import type * as z from 'zod'
import { bad, good, type Kind, leaf, optional } from './kinds.ts'

/** `on`, `off`, or a share of the requests in percent: as a number from 0 to 1. */
const factsKind: Kind<number> = {
  schema: { anyOf: [{ enum: ['on', 'off'] }, { type: 'string', pattern: '^\\d{1,2}(?:\\.\\d{1,4})?%$' }] },
  read: (value) => {
    // YAML 1.1 habits: true and false are what on and off once were.
    if (value === 'on' || value === true) return good(1)
    if (value === 'off' || value === false) return good(0)
    const share = typeof value === 'string' ? /^(\d{1,2}(?:\.\d{1,4})?)%$/.exec(value) : null
    if (share !== null) return good(Number(share[1]) / 100)
    return bad('GH-C008', 'is not on, off or a share', 'write on, off, or a share of all requests such as 10%')
  },
}

/** Of an API. */
export const apiFactsSchema: z.ZodType<number> = leaf(factsKind)
  .prefault('on')
  .describe(
    'What is learnt of bodies for the record: ids and login names as keyed hashes, field paths, classes of data, errors; never a value. on, off, or a share of the requests: 10%',
  )

/** Of a route. */
export const routeFactsSchema: z.ZodType<number | null> = optional(
  leaf(factsKind),
  'What is learnt of bodies on this route; as the API when left out',
)

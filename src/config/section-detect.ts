import * as z from 'zod'
import { bad, booleanKind, good, type Kind, section, setting } from './kinds.ts'
import { rateKind } from './measures.ts'
import type { Rate } from './units.ts'

/** `detect:` what is too much; takes effect at a start. */
export interface DetectSection {
  /** Failed authentications of one network, consumer or key. */
  readonly failures: Rate
  /** Requests of one key beyond its scopes or roles. */
  readonly refusals: Rate
  /** Different paths without a route that one network asks for. */
  readonly probing: Rate
  /** Compare each consumer and API with its own past. */
  readonly spikes: boolean
}

const limitMin = 2
const limitMax = 1024
const windowMsMax = 3_600_000

/** So many in any window of this length: each is remembered, so there is a bound. */
const boundKind: Kind<Rate> = {
  schema: rateKind.schema,
  read: (value) => {
    const read = rateKind.read(value)
    if (!read.ok) return read
    const { limit, windowMs } = read.value
    if (limit < limitMin) return bad('GH-C009', 'is too low', `at least ${limitMin} in a window`)
    if (limit > limitMax) return bad('GH-C009', 'is too high', `at most ${limitMax} in a window`)
    return windowMs > windowMsMax ? bad('GH-C009', 'has too long a window', 'at most 1h') : good(read.value)
  },
}

const members: z.ZodType<DetectSection> = z.strictObject({
  failures: setting(
    boundKind,
    '20/m',
    'Failed authentications of one network, consumer or key in any window of this length',
  ),
  refusals: setting(boundKind, '10/5m', 'Requests of one key for what it may not do'),
  probing: setting(boundKind, '20/m', 'Different paths without a route that one network asks for'),
  spikes: setting(booleanKind, true, 'Find consumers and APIs that get far more requests than is usual for them'),
})

/** The section with its defaults. */
export const detectSchema: z.ZodType<DetectSection> = section(members, 'What the detectors take for too much')

import { Cron } from 'croner'
import * as z from 'zod'
import { didYouMean } from './did-you-mean.ts'
import { bad, choiceKind, good, integerKind, type Kind, leaf, mistaken, optional, setting } from './kinds.ts'
import { durationKind } from './measures.ts'
import { apiNames } from './names.ts'
import type { Finding } from './problems.ts'
import { quoted, type Reading, valueAt } from './reading.ts'

/** One entry of `reviews:` */
export interface ReviewSection {
  readonly cron: string
  readonly timeZone: string | null
  readonly period: 'day' | 'week' | 'month'
  readonly sample: number
  readonly due: number
  /** Empty for everybody who may change things. */
  readonly signers: readonly string[]
}

/** `reviews:` by name. */
export type ReviewsSection = Readonly<Record<string, ReviewSection>>

/** A review that comes regularly; takes effect at a start. */
export interface ReviewConfig {
  readonly name: string
  readonly cron: string
  readonly timeZone: string
  readonly period: 'day' | 'week' | 'month'
  readonly sample: number
  readonly dueMs: number
  readonly signers: readonly string[]
}

const cronHow = 'write five fields: minute, hour, day, month, weekday, such as 30 7 * * * for half past seven each day'

/** When to run: five fields, as `crontab` has them. */
const cronKind: Kind<string> = {
  schema: { type: 'string', pattern: '^\\s*\\S+(?:\\s+\\S+){4}\\s*$' },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a cron expression', cronHow)
    const cron = cronOf(value)
    if (cron === null) return bad('GH-C008', 'is not a cron expression', cronHow)
    return cron.nextRun() === null
      ? bad('GH-C008', 'never comes', 'such as the 30th of February')
      : good(value.trim().replaceAll(/\s+/g, ' '))
  },
}

function cronOf(text: string): Cron | null {
  try {
    return new Cron(text.trim(), { mode: '5-part', timezone: 'UTC' })
  } catch {
    // The package says with a throw that it is none.
    return null
  }
}

const zoneHow = 'write a name of the IANA database: Europe/Berlin, America/New_York, UTC'

const zoneKind: Kind<string> = {
  schema: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$' },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a time zone', zoneHow)
    if (isTimeZone(value)) return good(value)
    const meant = didYouMean(value, Intl.supportedValuesOf('timeZone'))
    return mistaken('GH-C008', 'is not a time zone', { guess: meant, hint: zoneHow })
  },
}

function isTimeZone(name: string): boolean {
  // Offsets such as +01:00 are taken by the platform and know no summer time.
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

const signerKind: Kind<string> = {
  schema: { type: 'string', minLength: 1, maxLength: 120 },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a name', 'write the name of an administrator')
    const name = value.trim()
    return name === '' || name.length > 120 ? bad('GH-C009', 'is not a name', '1 to 120 characters') : good(name)
  },
}

const reviewSchema: z.ZodType<ReviewSection> = z.strictObject({
  cron: setting(cronKind, '30 7 * * *', 'When it is due to run: minute, hour, day, month, weekday'),
  timeZone: optional(leaf(zoneKind), 'In which zone; that of this machine when left out'),
  period: setting(choiceKind('day', 'week', 'month'), 'day', 'The whole day, week (from Monday) or month before'),
  sample: setting(integerKind(0, 500), 25, 'Records to draw and look at one by one'),
  due: setting(durationKind('1h', '90d'), '24h', 'How long there is to sign it before it is overdue'),
  signers: z
    .array(leaf(signerKind))
    .max(32)
    .prefault([])
    .describe('Administrators who may sign; everybody who may change things when left out'),
})

/** The section; one daily review when left out, and none when it is empty. */
export const reviewsSchema: z.ZodType<ReviewsSection> = z
  .record(z.string(), reviewSchema)
  .meta({ propertyNames: { pattern: apiNames.pattern } })
  .prefault({ daily: {} })
  .describe('Regular reviews of the logs, each under its name; one each day at 07:30 when left out, none for {}')

/** What only the whole section knows: whether its names are names. */
export function reviewChecks(reading: Reading): readonly Finding[] {
  const found = valueAt(reading.tree, ['reviews'])
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return []
  return Object.keys(found)
    .filter((name) => !apiNames.fits(name))
    .map((name) => {
      const meant = apiNames.meant(name)
      const hint =
        meant === null ? 'begin with a lower-case letter; up to 64 letters, digits and -' : `did you mean "${meant}"?`
      const message = `${quoted(name)} is not a name for a review`
      return { code: 'GH-C008', message, path: ['reviews', name], mark: 'key', hint }
    })
}

/** The section as those who review take it. */
export function composeReviews(section: ReviewsSection): readonly ReviewConfig[] {
  return Object.entries(section).map(([name, { cron, timeZone, period, sample, due, signers }]) => ({
    name,
    cron,
    timeZone: timeZone ?? systemTimeZone(),
    period,
    sample,
    dueMs: due,
    signers: [...new Set(signers)],
  }))
}

/** The zone in which this machine's clock is shown; `UTC` where it does not say. */
function systemTimeZone(): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  return isTimeZone(timeZone) ? timeZone : 'UTC'
}

import * as z from 'zod'
import { leaf, section, setting } from './kinds.ts'
import { durationKind } from './measures.ts'

/** `keys:` how long API keys may be used before they should be rotated. */
export interface KeysSection {
  readonly ageMax: number
  readonly remind: readonly number[]
}

/** When to remind of keys; takes effect at a start. */
export interface KeysConfig {
  /** Age from which a key should not be used any more; it goes on working. */
  readonly ageMsMax: number
  /** Before a key ends, or gets too old: the longest first. */
  readonly remindMs: readonly number[]
}

const remindsMax = 8

const members: z.ZodType<KeysSection> = z.strictObject({
  ageMax: setting(
    durationKind('1d', '3650d'),
    '90d',
    'Age at which a key should have been rotated: it goes on working, and you are reminded',
  ),
  remind: z
    .array(leaf(durationKind('1h', '365d')))
    .max(remindsMax)
    .prefault(['30d', '14d', '7d', '1d'])
    .describe('How long before a key ends or gets too old you are reminded of it; never for []'),
})

/** The section with its defaults. */
export const keysSchema: z.ZodType<KeysSection> = section(members, 'API keys and their rotation')

/** The section as those who remind take it. */
export function composeKeys({ ageMax, remind }: KeysSection): KeysConfig {
  return { ageMsMax: ageMax, remindMs: [...new Set(remind)].toSorted((a, b) => b - a) }
}

import * as z from 'zod'
import { didYouMean, meantText } from './did-you-mean.ts'
import type { ProblemCode } from './problems.ts'

/** What is wrong with a value. `says` continues a sentence that begins with the value, which is not repeated here. */
export interface Fault {
  readonly code: ProblemCode
  readonly says: string
  /** What to do; says nothing of the value. */
  readonly hint: string | null
  /** What was probably meant, made from the value: kept from messages about values that are not shown. */
  readonly guess: string | null
  /** Below the value itself, where it is a list. */
  readonly at: readonly (string | number)[]
}

/** What reading one value came to. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] }

/** A part of JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** One kind of value: how an editor checks it, and how we read it. */
export interface Kind<T> {
  readonly schema: JsonSchema
  readonly read: (value: unknown) => Read<T>
}

/** The value was understood. */
export function good<T>(value: T): Read<T> {
  return { ok: true, value }
}

/** The value was not understood. */
export function bad(
  code: ProblemCode,
  says: string,
  hint: string | null = null,
): { ok: false; faults: readonly Fault[] } {
  return { ok: false, faults: [{ code, says, hint, guess: null, at: [] }] }
}

/** The value was not understood, and this may be what was meant; the hint is for where the value may not be shown. */
export function mistaken(
  code: ProblemCode,
  says: string,
  words: { guess: string | null; hint?: string },
): { ok: false; faults: readonly Fault[] } {
  return { ok: false, faults: [{ code, says, hint: words.hint ?? null, guess: words.guess, at: [] }] }
}

/** Where the JSON Schema says that a value may stand in an environment variable or a file. */
export const referenceSchema: JsonSchema = {
  type: 'string',
  pattern: '^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$',
  description: 'The value of an environment variable (env:NAME), or the contents of a file (file:/path)',
}

/**
 * The kind as a zod schema. It takes anything and judges by itself, so that one place decides what a value may be and how
 * its mistakes are worded; zod keeps the structure around it.
 */
export function leaf<T>(kind: Kind<T>): z.ZodType<T> {
  return z
    .unknown()
    .meta({ anyOf: [...alternatives(kind.schema), { $ref: '#/$defs/reference' }] })
    .transform((value, context): T => {
      const read = value === undefined ? bad('GH-C005', 'is missing') : kind.read(value)
      if (read.ok) return read.value
      for (const { at, ...fault } of read.faults) {
        context.addIssue({ code: 'custom', message: fault.says, params: fault, path: [...at], input: value })
      }
      return z.NEVER
    })
}

function alternatives(schema: JsonSchema): readonly unknown[] {
  return Array.isArray(schema['anyOf']) ? schema['anyOf'] : [schema]
}

/** A leaf with its default, written as the file would write it, and what it is for. */
export function setting<T>(kind: Kind<T>, fallback: unknown, purpose: string): z.ZodType<T> {
  return leaf(kind).prefault(fallback).describe(purpose)
}

/** A leaf that may be left out, which is then null: something else decides. */
export function optional<T>(schema: z.ZodType<T>, purpose: string): z.ZodType<T | null> {
  return schema
    .optional()
    .transform((value) => value ?? null)
    .describe(purpose)
}

/** A map of settings that may be left out as a whole: each setting then has its default. */
export function section<T>(schema: z.ZodType<T>, purpose: string): z.ZodType<T> {
  return schema.prefault({}).describe(purpose)
}

/** What a text must look like. */
export interface TextRules<T, U> {
  /** `a duration`. */
  readonly noun: string
  /** What to write when nothing better is known: `write it as 250ms, 30s, 5m, 2h or 90d`. */
  readonly how: string
  readonly schema?: JsonSchema
  readonly parse: (text: string) => T | null
  /** Sees through a common mistake, also of a value that is no text: the text that was meant. */
  readonly meant?: (text: string) => string | null
  /** Judges what was parsed, and makes of it what the configuration keeps. */
  readonly check: (value: T) => Read<U>
}

/** A text that means something else. */
export function textKind<T, U>(rules: TextRules<T, U>): Kind<U> {
  return {
    schema: { type: 'string', ...rules.schema },
    read: (value) => {
      const written = typeof value === 'string' || typeof value === 'number' ? String(value) : null
      const parsed = typeof value === 'string' ? rules.parse(value) : null
      if (parsed !== null) return rules.check(parsed)
      const meant = written === null ? null : (rules.meant?.(written) ?? null)
      const code = typeof value === 'string' ? 'GH-C008' : 'GH-C006'
      return mistaken(code, `is not ${rules.noun}`, { guess: meantText(meant), hint: rules.how })
    },
  }
}

/** One word of a few. */
export function choiceKind<const T extends string>(...choices: readonly T[]): Kind<T> {
  return {
    schema: { type: 'string', enum: choices },
    read: (value) => {
      const found = choices.find((choice) => choice === value)
      if (found !== undefined) return good(found)
      return mistaken('GH-C007', `is not one of ${choices.join(', ')}`, {
        guess: typeof value === 'string' ? didYouMean(value, choices) : null,
      })
    },
  }
}

/** A whole number within bounds, both included. */
export function integerKind(least: number, most: number): Kind<number> {
  return {
    schema: { type: 'integer', minimum: least, maximum: most },
    read: (value) => {
      if (typeof value !== 'number' || !Number.isInteger(value)) {
        const digits = typeof value === 'string' && /^[\d_, ]*\d$/.test(value) ? value.replaceAll(/\D/g, '') : null
        return mistaken('GH-C006', 'is not a whole number', {
          guess: digits === null ? null : `write ${digits.slice(0, 20)}, without quotes`,
        })
      }
      if (value < least) return bad('GH-C009', 'is too small', `at least ${least}`)
      return value > most ? bad('GH-C009', 'is too large', `at most ${most}`) : good(value)
    },
  }
}

/** Yes or no. */
export const booleanKind: Kind<boolean> = {
  schema: { type: 'boolean' },
  read: (value) => {
    if (typeof value === 'boolean') return good(value)
    const word = typeof value === 'string' ? value.toLowerCase() : ''
    const meant = ['yes', 'on', 'true'].includes(word) ? 'true' : ['no', 'off', 'false'].includes(word) ? 'false' : null
    return mistaken('GH-C006', 'is not true or false', {
      guess: meant === null ? null : `write ${meant}, without quotes`,
    })
  },
}

const listMax = 64

/** One value, or a list of them that is not empty. */
export function oneOrMany<T>(kind: Kind<T>): Kind<readonly T[]> {
  return {
    schema: { anyOf: [kind.schema, { type: 'array', minItems: 1, maxItems: listMax, items: kind.schema }] },
    read: (value) => {
      if (Array.isArray(value) && value.length === 0) return bad('GH-C009', 'is an empty list', 'name at least one')
      if (Array.isArray(value) && value.length > listMax)
        return bad('GH-C009', 'is too long a list', `at most ${listMax}`)
      const reads = Array.isArray(value) ? value.map((item: unknown) => kind.read(item)) : [kind.read(value)]
      const faults = reads.flatMap((read, index) =>
        read.ok
          ? []
          : read.faults.map((fault) => (Array.isArray(value) ? { ...fault, at: [index, ...fault.at] } : fault)),
      )
      return faults.length > 0 ? { ok: false, faults } : good(reads.flatMap((read) => (read.ok ? [read.value] : [])))
    },
  }
}

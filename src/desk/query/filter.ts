import type { FieldName } from './fields.ts'

/** A bound of a range; numbers in the unit of the field's column (µs for durations, bytes, ms since the epoch for times). */
export interface Bound {
  readonly value: number
  readonly inclusive: boolean
}

/** What one value of a field is held against. Text is compared without regard to case. */
export type Test =
  | { readonly kind: 'equals'; readonly value: string | number }
  /** `*` stands for any run of characters, `\*` and `\\` for themselves, as all else; `*` alone for whatever is there. */
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'range'; readonly from: Bound | null; readonly to: Bound | null }
  /** An address or a CIDR, as it was written. */
  | { readonly kind: 'network'; readonly cidr: string }

/**
 * Which requests. A field that is absent passes no test, so that `not` of any test of it holds: every request either matches a
 * filter or its opposite, never neither.
 */
export type Filter =
  /** All of them hold; with none, everything matches. */
  | { readonly kind: 'all'; readonly of: readonly Filter[] }
  /** One of them holds. */
  | { readonly kind: 'any'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  /** One of the tests holds for the field. */
  | { readonly kind: 'field'; readonly field: FieldName; readonly tests: readonly Test[] }
  /** Stands, without regard to case, in one of `textFields`. */
  | { readonly kind: 'text'; readonly text: string }

/** Where a text without a field is looked for. */
export const textFields: readonly FieldName[] = ['path', 'query', 'agent', 'note', 'consumer', 'id', 'route']

/** The filter that every request matches. */
export const everything: Filter = { kind: 'all', of: [] }

/** All of these; nested ones become one, and of one there is no list. */
export function allOf(filters: readonly Filter[]): Filter {
  const of = filters.flatMap((one) => (one.kind === 'all' ? one.of : [one]))
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'all', of }
}

/** One of these; nested ones become one, and of one there is no list. */
export function anyOf(filters: readonly Filter[]): Filter {
  const of = filters.flatMap((one) => (one.kind === 'any' ? one.of : [one]))
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'any', of }
}

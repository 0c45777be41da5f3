import type { FieldName } from './fields.ts'

/** A bound of a range; numbers in the unit of the field's column (µs for durations, bytes, ms since the epoch for times). */
export interface Bound {
  readonly value: number
  readonly inclusive: boolean
}

/** What one value of a field is held against. Text is compared without regard to case. */
export type Test =
  | { readonly kind: 'equals'; readonly value: string | number }
  /** `*` stands for any run of characters, all else for itself; `*` alone for whatever is there. */
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'range'; readonly from: Bound | null; readonly to: Bound | null }
  /** A CIDR, as it was written. */
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
  /** Stands, without regard to case, in path, query, user agent, note, consumer, id or route. */
  | { readonly kind: 'text'; readonly text: string }

/** The filter that every request matches. */
export const everything: Filter = { kind: 'all', of: [] }

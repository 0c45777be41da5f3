/**
 * What was learnt of the bodies of an exchange. No value stands in it: ids and names are keyed hashes, classes are counts.
 * Stands in the sealed part of a record.
 */
export interface Facts {
  /** Keyed hashes (16 hex digits) of the objects that the request names: in its path, query and body. At most 8. */
  readonly asked: readonly string[]
  /** The same of the objects that the answer gave. At most 24; `givenCount` tells how many ids there were. */
  readonly given: readonly string[]
  readonly givenCount: number
  /** Keyed hash of the name with which somebody tried to sign in; null where nobody did. */
  readonly login: string | null
  /** Hash of all field paths with their types (8 hex digits); bodies of one shape have the same. Null: no fields. */
  readonly requestShape: string | null
  readonly responseShape: string | null
  /**
   * `items[].id:n`: path and types (`s` text, `n` number, `b` truth value, `z` null) of at most 64 fields, as far as they fit.
   * Listed when a gateway thread meets a shape for the first time in an hour; all other records name the shape alone.
   */
  readonly requestFields: readonly string[]
  readonly responseFields: readonly string[]
  /** `card=2`: classes of data, and how many of each. */
  readonly requestClasses: readonly string[]
  readonly responseClasses: readonly string[]
  /** `node:1f2e…`: language and hash of the normalised frames of a stack trace, or kind of an error text. At most 4. */
  readonly errors: readonly string[]
  /** `response:cut`: what was not looked at, and why. */
  readonly skipped: readonly string[]
}

/** Nothing was learnt. */
export const noFacts: Facts = {
  asked: [],
  given: [],
  givenCount: 0,
  login: null,
  requestShape: null,
  responseShape: null,
  requestFields: [],
  responseFields: [],
  requestClasses: [],
  responseClasses: [],
  errors: [],
  skipped: [],
}

/** Bytes that the facts of one record take at most, written as JSON: they list no more fields than fit. */
export const factsBytesMax = 2048

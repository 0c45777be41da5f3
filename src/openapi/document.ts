/** A value of JSON as it comes out of a parser. */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap

/** A map of JSON. */
export interface JsonMap {
  readonly [key: string]: Json | undefined
}

/** Why a document cannot be used: where in it, and what to do. */
export class DocumentError extends Error {
  /** RFC 6901, as a fragment: `#/paths/~1orders/get`. */
  readonly pointer: string
  readonly remedy: string

  constructor(pointer: string, says: string, remedy: string) {
    super(says)
    this.pointer = pointer
    this.remedy = remedy
  }
}

/** A part of a document with its place. */
export interface Part {
  readonly pointer: string
  readonly value: JsonMap
}

/** Whether a value is a map. */
export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A text as it stands; '' for what is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A member's pointer. */
export function below(pointer: string, ...steps: readonly (string | number)[]): string {
  return steps.reduce<string>(
    (at, step) => `${at}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    pointer,
  )
}

const hopsMax = 16

/** The part at a pointer of the document, seen through references, all of which stay within the document. */
export function partAt(document: JsonMap, pointer: string, value: unknown): Part {
  let part: { pointer: string; value: unknown } = { pointer, value }
  for (let hops = 0; hops < hopsMax; hops++) {
    if (!isMap(part.value)) throw new DocumentError(part.pointer, 'is not a map', 'write its members below it')
    const reference = part.value['$ref']
    if (reference === undefined) return { pointer: part.pointer, value: part.value }
    part = { pointer: textOf(reference), value: valueOf(document, reference, part.pointer) }
  }
  throw new DocumentError(pointer, 'leads to itself by $ref', 'let one of the references name what is meant')
}

/** What a reference names. */
export function valueOf(document: JsonMap, reference: unknown, pointer: string): unknown {
  if (typeof reference !== 'string' || !reference.startsWith('#/'))
    throw new DocumentError(pointer, 'has a $ref that leaves the document', 'bundle the document into one file')
  let value: unknown = document
  for (const step of reference.slice(2).split('/')) {
    const key = unescaped(step).replaceAll('~1', '/').replaceAll('~0', '~')
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key] // just seen to be its own
        : undefined
  }
  if (value !== undefined) return value
  throw new DocumentError(pointer, 'has a $ref to something that is not there', 'define it, or mend the $ref')
}

function unescaped(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}

/** The members of a map that may be left out. */
export function membersOf(value: unknown, pointer: string): readonly (readonly [string, Json])[] {
  if (value === undefined) return []
  if (!isMap(value)) throw new DocumentError(pointer, 'is not a map', 'write its members below it')
  return Object.entries(value).map(([key, member]) => [key, member ?? null])
}

/** Every reason for which this room refuses bytes that it was given; stable. */
export const tlogErrorCodes = [
  /** The bytes are not in the one allowed form. */
  'malformed',
  /** A number, level or width that the caller passed lies outside what the format can hold. */
  'out_of_range',
  /** No key that is known has signed. */
  'unsigned',
  /** A key that is known has signed something else. */
  'signature_invalid',
  /** Two of the given keys share name and id, so that nobody could say which of them signed. */
  'key_ambiguous',
  /** The proof does not lead to the signed root. */
  'proof_invalid',
  /** The checkpoint is another log's. */
  'origin_unknown',
  /** A tile that the tree must have cannot be read. */
  'tile_missing',
] as const

export type TlogErrorCode = (typeof tlogErrorCodes)[number]

/**
 * The one error of this room. It is not the project's general error class, because this room imports nothing; `code` is
 * stable in the same way, and the message is for people.
 */
export class TlogError extends Error {
  readonly code: TlogErrorCode

  constructor(code: TlogErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'TlogError'
    this.code = code
  }
}

/** The message of anything that was thrown, for reports. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

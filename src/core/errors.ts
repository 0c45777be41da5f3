/** Every error that Gatehouse throws on purpose; each code has a page in docs/reference/errors. */
export const errorCodes = [
  'config_invalid',
  'data_folder_unusable',
  'ledger_unreadable',
  'ledger_corrupt',
  'ledger_locked',
  'ledger_poisoned',
  'ledger_closed',
  'snapshot_unreadable',
  'port_taken',
  'store_unreadable',
  'not_found',
  'not_allowed',
  'conflict',
  'invalid_argument',
  'unreachable',
  'destination_not_allowed',
  'link_broken',
  'thread_failed',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** The one error class; `code` is stable, `message` is for people and may change. Never match on the text. */
export class GatehouseError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'GatehouseError'
    this.code = code
  }
}

/** True for an error with this code, also when it is not an instance from this realm (a worker's, for one). */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

import { type ErrorCode, GatehouseError, messageOf } from '../core/mod.ts'

/** The one table of exit codes, the same for every verb. */
export const exitCodes = {
  ok: 0,
  found: 1,
  usage: 2,
  configuration: 3,
  notAllowed: 4,
  unreachable: 5,
  integrity: 6,
  partial: 7,
} as const

const byError: Partial<Record<ErrorCode, number>> = {
  config_invalid: exitCodes.configuration,
  data_folder_unusable: exitCodes.configuration,
  port_taken: exitCodes.configuration,
  ledger_locked: exitCodes.notAllowed,
  ledger_corrupt: exitCodes.integrity,
  ledger_unreadable: exitCodes.integrity,
  invalid_argument: exitCodes.usage,
  not_allowed: exitCodes.notAllowed,
  unreachable: exitCodes.unreachable,
}

/** The exit code that tells what went wrong; 1 for what has no code of its own. */
export function exitCodeOf(error: unknown): number {
  return error instanceof GatehouseError ? (byError[error.code] ?? exitCodes.found) : exitCodes.found
}

/** One sentence for the terminal, with the stable code behind it; problems of a configuration are text with frames already. */
export function sentenceOf(error: unknown): string {
  if (error instanceof GatehouseError && error.code === 'config_invalid') return error.message
  const code = error instanceof GatehouseError ? ` [${error.code}]` : ''
  return `error: ${messageOf(error)}${code}\n`
}

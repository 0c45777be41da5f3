import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { GatehouseError } from '../../core/mod.ts'

/** Everything that the admin API refuses with; each code has one status. */
export const problems = {
  invalid_request: { status: 400, title: 'Invalid request' },
  unauthorized: { status: 401, title: 'Authentication required' },
  not_allowed: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  length_required: { status: 411, title: 'Length required' },
  body_too_large: { status: 413, title: 'Body too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  host_mismatch: { status: 421, title: 'Misdirected request' },
  invalid_argument: { status: 422, title: 'Invalid value' },
  config_invalid: { status: 422, title: 'Configuration refused' },
  too_many_attempts: { status: 429, title: 'Too many attempts' },
  internal_error: { status: 500, title: 'Internal error' },
  not_ready: { status: 503, title: 'Not ready' },
  too_many_streams: { status: 503, title: 'Too many live streams' },
  store_unreadable: { status: 503, title: 'Control store failed' },
  unreachable: { status: 503, title: 'Not available' },
  timed_out: { status: 504, title: 'Not done in time' },
} as const

export type ProblemCode = keyof typeof problems

/** A problem as RFC 9457 has it, with the stable `code`. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly code: ProblemCode
  readonly detail: string
  /** What is wrong with which member or parameter. */
  readonly errors?: readonly { readonly at: string; readonly detail: string }[] | undefined
  /** Why it is not ready. */
  readonly reasons?: readonly string[] | undefined
}

export type ProblemExtras = Pick<Problem, 'errors' | 'reasons'>

export const problemType = 'application/problem+json'

export function problemOf(code: ProblemCode, detail: string, extras: ProblemExtras = {}): Problem {
  const { status, title } = problems[code]
  return { type: 'about:blank', title, status, code, detail, ...extras }
}

/** A problem that is thrown, where an answer of the route's own type is asked for. */
export class ProblemError extends Error {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>

  constructor(problem: Problem, headers: Readonly<Record<string, string>> = {}) {
    super(problem.detail)
    this.name = 'ProblemError'
    this.problem = problem
    this.headers = headers
  }
}

/** The problem as an answer. */
export function answerProblem(c: Context, problem: Problem, headers: Readonly<Record<string, string>> = {}): Response {
  return c.body(JSON.stringify(problem), problems[problem.code].status, { ...headers, 'content-type': problemType })
}

/**
 * What a caller is told of an error. Of one that nobody expected it is told nothing but that it happened.
 */
export function problemOfError(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem
  if (error instanceof HTTPException) return problemOf(codeOfStatus(error.status), error.message)
  if (error instanceof GatehouseError && isProblemCode(error.code)) return problemOf(error.code, error.message)
  return problemOf('internal_error', 'Something went wrong that should not: look at the output of the desk')
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problems, code)
}

/** What the framework itself refuses with. */
function codeOfStatus(status: number): ProblemCode {
  switch (status) {
    case 413:
      return 'body_too_large'
    case 415:
      return 'unsupported_media_type'
    case 504:
      return 'timed_out'
    default:
      return status < 500 ? 'invalid_request' : 'internal_error'
  }
}

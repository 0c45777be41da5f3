/**
 * Every code that a configuration problem or warning can carry, with what it means. Codes are stable: an editor, a CI job
 * or a runbook may match on them, and the reference has a page for each. `GH-C…` refuses the file, `GH-W…` only advises.
 */
const codes = {
  'GH-C001': 'The configuration file cannot be read',
  'GH-C002': 'The file is not valid YAML',
  'GH-C003': 'A key stands twice in one place',
  'GH-C004': 'A key is not known',
  'GH-C005': 'Something required is missing',
  'GH-C006': 'A value is of the wrong kind',
  'GH-C007': 'A value is not one of the choices',
  'GH-C008': 'A value is not understood',
  'GH-C009': 'A value is out of range',
  'GH-C010': 'A reference to an environment variable or a file cannot be resolved',
  'GH-C011': 'One limit name has two meanings',
  'GH-C012': 'A route stands twice in one API',
  'GH-C013': 'Two APIs claim the same requests',
  'GH-C014': 'Two settings contradict each other',
  'GH-C015': 'Two addresses collide',
  'GH-C016': 'The file is too large or too deep',
  'GH-C017': 'An OpenAPI document cannot be used',
  'GH-W001': 'An API is only observed',
  'GH-W002': 'A listener is reachable from other machines without TLS',
  'GH-W003': 'An API has no limits',
  'GH-W004': 'A limit per caller stands where callers are not identified',
  'GH-W005': 'An environment variable looks like an override and is not one',
  'GH-W006': 'Everyone is trusted to name the client address',
  'GH-W007': 'A route that asks for more stands beside one that takes every path',
}

/** One of the stable codes. */
export type ProblemCode = keyof typeof codes

/** Each code with its meaning, for the reference. */
export const problemCodes: Readonly<Record<ProblemCode, string>> = codes

/** One thing to mend. Never holds a value that came from an environment variable or a secret's file. */
export interface Problem {
  readonly code: ProblemCode
  readonly message: string
  /** Where in the configuration: `apis.orders.limits.0.allow`; '' for the file as a whole. */
  readonly path: string
  /** From 1; null when the value is not from the file. */
  readonly line: number | null
  /** From 1, in UTF-16 units; null together with `line`. */
  readonly column: number | null
  /** The column behind the last one that is meant, at most the end of the line. */
  readonly columnEnd: number | null
  /** What else it came from: `environment variable GATEHOUSE_LISTEN`; null for the file. */
  readonly origin: string | null
  /** What to do about it, such as `did you mean "oauth"?`. */
  readonly hint: string | null
}

/** Position in the configuration, from the root. */
export type Path = readonly (string | number)[]

/** A problem before its place in the file is looked up. */
export interface Finding {
  readonly code: ProblemCode
  readonly message: string
  readonly path: Path
  /** What the carets mark: the key itself, or what stands behind it. */
  readonly mark: 'key' | 'value'
  readonly hint: string | null
}

/** By line and column; what is not from the file comes last. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const key = ({ line, column }: Problem): number => (line === null ? Infinity : line * 1e6 + (column ?? 0))
  return problems.toSorted((a, b) => (key(a) === key(b) ? 0 : key(a) - key(b)))
}

import type * as z from 'zod'
import { nearest } from '../core/mod.ts'
import type { SchemaMap } from './json-schema.ts'
import type { Finding, Path, ProblemCode } from './problems.ts'
import { isBroken, pathKey, pathText, quoted, type Reading, shown, valueAt } from './reading.ts'

type Issue = z.core.$ZodIssue

/** What the parser complained of, in words for whoever writes the file. */
export function findingsOf(issues: readonly Issue[], reading: Reading, schema: SchemaMap): readonly Finding[] {
  return issues.flatMap((issue) => {
    // Keys of our tree are texts and places in lists are numbers; there are no symbols.
    const path = issue.path as Path
    if (isBroken(reading, path)) return []
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, schema))
    return [valueFinding(issue, path, reading)]
  })
}

function valueFinding(issue: Issue, path: Path, reading: Reading): Finding {
  const value = shown(reading, path)
  const found = valueAt(reading.tree, path)
  if (issue.code === 'custom')
    return faultFinding(issue, path, { value, found, hidden: reading.hidden.has(pathKey(path)) })
  if (issue.code === 'invalid_type') return wrongStructure(issue.expected, path, value, found)
  // What is left are lists that are too short or too long; leaf() words everything else.
  const short = issue.code === 'too_small'
  const hint = short
    ? 'name at least one, or leave the key out'
    : issue.code === 'too_big'
      ? `at most ${issue.maximum}`
      : null
  return {
    code: 'GH-C009',
    message: `${pathText(path)} is ${short ? 'an empty list' : 'too long a list'}`,
    path,
    mark: 'value',
    hint,
  }
}

function faultFinding(
  issue: Extract<Issue, { code: 'custom' }>,
  path: Path,
  { value, found, hidden }: { value: string; found: unknown; hidden: boolean },
): Finding {
  const code = codeOf(issue.params?.['code'])
  const hint = textOrNull(issue.params?.['hint'])
  if (found === undefined)
    return { code, message: `${nameOf(path)} is missing`, path, mark: 'key', hint: hint ?? howToAdd(path) }
  if (found === null) return { code, message: `${nameOf(path)} has no value`, path, mark: 'key', hint }
  // A guess is made from the value, and may be as secret.
  const guess = hidden ? null : textOrNull(issue.params?.['guess'])
  return { code, message: `${value} ${issue.message}`, path, mark: 'value', hint: guess ?? hint }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function codeOf(code: unknown): ProblemCode {
  // leaf() puts the code of the fault here.
  return typeof code === 'string' ? (code as ProblemCode) : 'GH-C008'
}

function nameOf(path: Path): string {
  const last = path.at(-1)
  return typeof last === 'string' ? `"${last}"` : pathText(path)
}

function howToAdd(path: Path): string | null {
  const examples: Readonly<Record<string, string>> = {
    version: 'begin the file with version: 1',
    path: 'such as path: /v1/orders/{id}',
    name: 'such as name: per-consumer',
    per: 'such as per: consumer',
    allow: 'such as allow: 600/m',
  }
  return examples[String(path.at(-1))] ?? null
}

function wrongStructure(expected: string, path: Path, value: string, found: unknown): Finding {
  const list = expected === 'array'
  if (found === undefined) {
    return {
      code: 'GH-C005',
      message: `${nameOf(path)} is missing`,
      path,
      mark: 'key',
      hint: path[0] === 'apis' ? 'name at least one API, with its upstream' : null,
    }
  }
  if (path.length === 0) {
    const message = found === null ? 'the file says nothing' : `the file is ${value} where a map of keys is expected`
    return { code: 'GH-C006', message, path, mark: 'value', hint: 'gatehouse init writes an example' }
  }
  if (found === null) {
    return {
      code: 'GH-C006',
      message: `${nameOf(path)} has nothing in it`,
      path,
      mark: 'key',
      hint: emptyHint(path, list),
    }
  }
  const scalar = typeof found === 'string' || typeof found === 'number'
  const hint = list
    ? scalar
      ? 'write a list: put it in [ ]'
      : 'begin each entry with a dash'
    : 'write its keys below it, indented'
  return {
    code: 'GH-C006',
    message: `${value} stands where ${list ? 'a list' : 'a map of keys'} is expected`,
    path,
    mark: 'value',
    hint,
  }
}

function emptyHint(path: Path, list: boolean): string {
  if (list) return 'write a list: [a, b]'
  if (path.length <= 2 && path[0] === 'apis')
    return path.length === 1 ? 'name at least one API, with its upstream' : 'add upstream: http://127.0.0.1:3000'
  return 'write its keys below it, indented, or leave it out'
}

/** Words of other products, or of earlier drafts, for what we call otherwise. */
const synonyms: Readonly<Record<string, string>> = {
  authentication: 'auth',
  backend: 'upstream',
  backends: 'upstreams',
  bind: 'listen',
  by: 'per',
  console: 'admin',
  dir: 'data',
  id: 'name',
  key: 'per',
  match: 'path',
  permissions: 'scopes',
  port: 'listen',
  proxies: 'trustedHops',
  quota: 'limits',
  rate: 'allow',
  rateLimits: 'limits',
  service: 'upstream',
  target: 'upstream',
  trustedProxies: 'trustedHops',
  trustProxy: 'trustedHops',
  url: 'upstream',
  verbs: 'methods',
  workers: 'threads',
}

const explanations: ReadonlyMap<string, string> = new Map([
  ['<<', 'merge keys are not read: use an alias for a whole value'],
  ['burst', 'there is no burst: name two limits, such as 20/s and 600/m'],
  ['tls', 'this version has no TLS: put a proxy in front, and name it in trustedHops'],
])

function unknownKey(key: string, at: Path, schema: SchemaMap): Finding {
  const keys = schema.keysAt(at) ?? []
  const where = at.length === 0 ? 'at the top' : `in ${pathText(at)}`
  return {
    code: 'GH-C004',
    message: `${quoted(key)} is not a key that is known ${where}`,
    path: [...at, key],
    mark: 'key',
    hint: hintFor(key, keys, schema),
  }
}

function hintFor(key: string, keys: readonly string[], schema: SchemaMap): string {
  const explained = explanations.get(key)
  if (explained !== undefined) return explained
  const synonym = Object.hasOwn(synonyms, key) ? synonyms[key] : undefined
  const meant = nearest(key, keys) ?? (synonym !== undefined && keys.includes(synonym) ? synonym : null)
  if (meant !== null) return `did you mean "${meant}"?`
  for (const [home, path] of homes) if (schema.keysAt(path)?.includes(key) === true) return `"${key}" belongs ${home}`
  return `known here: ${keys.join(', ')}`
}

/** Where a key that is right elsewhere belongs. */
const homes: readonly (readonly [string, Path])[] = [
  ['at the top of the file', []],
  ['below an API: apis.<name>', ['apis', 'api']],
  ['to a route: apis.<name>.routes', ['apis', 'api', 'routes', 0]],
  ['to connections', ['connections']],
  ['to ledger', ['ledger']],
]

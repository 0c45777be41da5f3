import { readFileSync, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { hasCode } from '../core/mod.ts'
import { didYouMean } from './did-you-mean.ts'
import type { Finding, Path } from './problems.ts'
import { pathKey, putAt, type Reading } from './reading.ts'

/** Variables by name, as in `process.env`. Whoever sets them is trusted like whoever writes the file. */
export type Environment = Readonly<Record<string, string | undefined>>

const secretBytesMax = 64 * 1024

/**
 * Replaces every `env:NAME` and `file:/path` by what it stands for. Strict: what cannot be had is a problem, nothing falls
 * back to the empty text. From here on the value is hidden: messages name where it came from, never what it is.
 */
export function resolveReferences(reading: Reading, env: Environment): readonly Finding[] {
  const findings: Finding[] = []
  for (const [path, text] of texts(reading.tree, [])) {
    const found = resolve(text, env)
    if (found === null) continue
    if (!found.ok) {
      reading.broken.add(pathKey(path))
      findings.push({ code: 'GH-C010', message: found.message, path, mark: 'value', hint: found.hint })
      continue
    }
    if (!reading.origins.has(pathKey(path))) reading.hidden.set(pathKey(path), `the value of ${text}`)
    if (path.length === 0) reading.tree = found.value
    else putAt(reading.tree, path, found.value)
  }
  return findings
}

/** All texts below a value, each with its path. */
function* texts(value: unknown, path: Path): Generator<readonly [Path, string]> {
  if (typeof value === 'string') yield [path, value]
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* texts(item, [...path, index])
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* texts(item, [...path, key])
  }
}

type Resolved =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string; readonly hint: string | null }

/** Null for a text that is no reference. */
function resolve(text: string, env: Environment): Resolved | null {
  if (text.startsWith('env:')) return fromEnvironment(text.slice(4), env)
  if (text.startsWith('file:')) return fromFile(text.slice(5))
  if (!text.startsWith('${')) return null
  const name = /^\$\{\s*([A-Za-z_]\w*)/.exec(text)?.[1] ?? 'NAME'
  return { ok: false, message: '${…} is not expanded here', hint: `write env:${name}` }
}

function fromEnvironment(name: string, env: Environment): Resolved {
  if (!/^[A-Za-z_]\w*$/.test(name))
    return { ok: false, message: 'env: is not followed by the name of a variable', hint: 'write env:NAME' }
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined)
    return {
      ok: false,
      message: `the environment variable ${name} is not set`,
      hint: didYouMean(name, Object.keys(env)) ?? `set ${name} before the start`,
    }
  if (value === '')
    return { ok: false, message: `the environment variable ${name} is empty`, hint: `set ${name} before the start` }
  return { ok: true, value: scalarOf(value) }
}

function fromFile(path: string): Resolved {
  if (!isAbsolute(path))
    return { ok: false, message: 'file: is not followed by an absolute path', hint: 'write file:/run/secrets/name' }
  try {
    const stats = statSync(path)
    if (!stats.isFile()) return { ok: false, message: `${path} is not a file`, hint: null }
    if (stats.size > secretBytesMax)
      return { ok: false, message: `${path} is larger than ${secretBytesMax / 1024}kb`, hint: null }
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    return text === '' ? { ok: false, message: `${path} is empty`, hint: null } : { ok: true, value: scalarOf(text) }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { ok: false, message: `the file ${path} does not exist`, hint: null }
    return {
      ok: false,
      message: `the file ${path} cannot be read`,
      hint: hasCode(error, 'EACCES') ? 'let the user of Gatehouse read it' : null,
    }
  }
}

/** What comes from outside the file means what it would mean in the file, unquoted: `8` is a number, `true` a truth value. */
export function scalarOf(text: string): string | number | boolean {
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  return text === 'true' ? true : text === 'false' ? false : text
}

import { readFileSync, statSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import { hasCode } from '../core/mod.ts'
import { advice } from './advice.ts'
import { compose, type Config } from './compose.ts'
import { crossChecks } from './cross-checks.ts'
import { framed, verdict } from './frames.ts'
import { findingsOf } from './issues.ts'
import { openSchemaMap } from './json-schema.ts'
import { outlineOf } from './outline.ts'
import { applyOverrides } from './overrides.ts'
import { inOrder, type Problem } from './problems.ts'
import { emptyReading, located, pathKey, type Reading } from './reading.ts'
import { type Environment, resolveReferences } from './references.ts'
import { fileSchema } from './schema.ts'
import { readDocuments } from './section-openapi.ts'
import { readYaml } from './yaml-reader.ts'

/** A configuration, or everything that is wrong with it; a file never makes us throw. */
export type LoadedConfig =
  | {
      readonly ok: true
      readonly config: Config
      /** For people: what is perhaps not meant; '' for nothing. */
      readonly warnings: string
      /** The same, in the order of the file. */
      readonly advice: readonly Problem[]
      /** The file, as it was named; null without one. */
      readonly path: string | null
    }
  | {
      readonly ok: false
      /** In the order of the file. */
      readonly problems: readonly Problem[]
      /** The same for people, with the lines of the file. */
      readonly text: string
    }

/** The file, and who is trusted with it: whoever may write it decides where requests go and who may call. */
export interface LoadOptions {
  readonly path: string
  /** For `env:NAME` and for overrides; usually `process.env`. */
  readonly env: Environment
  /** What the defaults of `threads` and `ledger.pace` go by. @default the cores that this process may use */
  readonly cores?: number
  /** What the default of `node` goes by. @default the name of this host */
  readonly host?: string
}

const fileBytesMax = 1024 * 1024

/** Reads, checks and completes a configuration file. All problems come at once. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { path } = options
  const file = readText(path)
  if (!file.ok) return refused(emptyReading(path, null), [file.problem])
  return loadText(file.text, options)
}

/** The same for the text of a file that was read already; `path` names it. */
export function loadText(text: string, options: LoadOptions): LoadedConfig {
  const { path, env, cores = availableParallelism(), host = hostname() } = options
  const { reading, problems, readable } = readYaml(path, text)
  if (!readable) return refused(reading, problems)
  return finish(reading, { problems, env, cores, host, path })
}

/**
 * The configuration of `--upstream` alone: one API `default` in front of it, all paths and methods, in observe mode, so that
 * nothing is refused before somebody has said what may be.
 */
export function configFor(options: {
  readonly upstream: string
  readonly env?: Environment
  readonly cores?: number
  readonly host?: string
}): LoadedConfig {
  const { upstream, env = {}, cores = availableParallelism(), host = hostname() } = options
  const reading = emptyReading('--upstream', { version: 1, mode: 'observe', apis: { default: { upstream } } })
  reading.origins.set(pathKey(['apis', 'default', 'upstream']), 'option --upstream')
  return finish(reading, { problems: [], env, cores, host, path: null })
}

interface Rest {
  readonly problems: readonly Problem[]
  readonly env: Environment
  readonly cores: number
  readonly host: string
  readonly path: string | null
}

function finish(reading: Reading, { problems, env, cores, host, path }: Rest): LoadedConfig {
  const schema = openSchemaMap()
  const unused = applyOverrides(reading, env, schema)
  const unresolved = resolveReferences(reading, env)
  const parsed = fileSchema.safeParse(reading.tree)
  const outline = outlineOf(reading)
  const issues = parsed.success ? [] : findingsOf(parsed.error.issues, reading, schema)
  const { documents, findings: misread } = readDocuments(parsed.success ? parsed.data.apis : {}, path)
  const findings = [...unresolved, ...issues, ...crossChecks(outline, reading), ...misread].map((finding) =>
    located(reading, finding),
  )
  if (!parsed.success || problems.length + findings.length > 0) return refused(reading, [...problems, ...findings])
  // Without a file the observing is not a setting to reconsider, and the banner tells of it.
  const advised = path === null ? [] : advice(outline, reading).map((finding) => located(reading, finding))
  const all = inOrder([...advised, ...unused])
  const warnings = framed(all, { word: 'warning', name: reading.name, lines: reading.lines })
  return { ok: true, config: compose(parsed.data, { cores, host }, documents), warnings, advice: all, path }
}

function refused(reading: Reading, problems: readonly Problem[]): LoadedConfig {
  const frames = framed(problems, { word: 'error', name: reading.name, lines: reading.lines })
  return { ok: false, problems: inOrder(problems), text: `${frames}\n${verdict(problems.length, reading.name)}` }
}

type TextRead = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: Problem }

function readText(path: string): TextRead {
  try {
    const stats = statSync(path)
    if (!stats.isFile()) return unreadable(path, 'it is not a file', null)
    if (stats.size > fileBytesMax) return unreadable(path, 'it is larger than 1mb', null)
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) }
  } catch (error) {
    if (hasCode(error, 'ENOENT'))
      return unreadable(path, 'there is no such file', 'write one with gatehouse init --upstream http://localhost:3000')
    if (hasCode(error, 'EACCES')) return unreadable(path, 'it may not be read', 'let the user of Gatehouse read it')
    return unreadable(
      path,
      hasCode(error, 'ERR_ENCODING_INVALID_ENCODED_DATA') ? 'it is not UTF-8' : 'the system does not hand it out',
      null,
    )
  }
}

function unreadable(path: string, why: string, hint: string | null): TextRead {
  const message = `cannot read ${path}: ${why}`
  return {
    ok: false,
    problem: { code: 'GH-C001', message, path: '', line: null, column: null, columnEnd: null, origin: null, hint },
  }
}

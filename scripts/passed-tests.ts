/**
 * Which unit tests need not run again: those whose own text, whatever they import from the repository, the locked packages
 * and the runtime are as they were when they last passed. Kept below node_modules, so that a fresh clone runs everything.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const cachePath = join(root, 'node_modules', '.cache', 'gatehouse', 'passed-tests.json')

/** Beside the sources, a test may depend on these. */
const common = ['package-lock.json', 'scripts/few-runs.ts']
const variables = ['GATEHOUSE_VECTORS', 'GATEHOUSE_DATASETS', 'CI']

/** Specifiers of imports, static and dynamic, and files that are started by their URL. */
const mentions = /(?:from|import|new URL)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g

export interface PassedTests {
  /** Those that have to run. */
  readonly due: readonly string[]
  /** Notes that these passed now. */
  keep(passed: readonly string[]): void
}

/** Compares the tests, given by their paths from the root, with what is kept. */
export function passedTests(files: readonly string[]): PassedTests {
  const kept = readKept()
  const digests = digestsOf(files)
  return {
    due: files.filter((file) => digests[file] === null || kept[file] !== digests[file]),
    keep: (passed) => {
      const next: Record<string, string> = {}
      for (const file of files) {
        const digest = passed.includes(file) ? digests[file] : kept[file]
        if (typeof digest === 'string') next[file] = digest
      }
      mkdirSync(dirname(cachePath), { recursive: true })
      writeFileSync(cachePath, JSON.stringify(next))
    },
  }
}

function readKept(): Readonly<Record<string, string>> {
  try {
    return JSON.parse(readFileSync(cachePath, 'utf8')) as Record<string, string> // written by keep
  } catch {
    return {} // nothing is kept, or not readably: then everything runs
  }
}

/** By file; null for a test that reads what is no source, so that nobody can say on what it depends. */
function digestsOf(files: readonly string[]): Readonly<Record<string, string | null>> {
  const base = createHash('sha256').update(process.version)
  for (const name of variables) base.update(`\n${name}=${process.env[name] ?? ''}`)
  for (const path of common) base.update(readFileSync(join(root, path)))
  const sources = new Map<string, Source | null>()
  return Object.fromEntries(
    files.map((file) => {
      const closure = closureOf(join(root, file), sources)
      if (closure === null) return [file, null]
      const hash = base.copy()
      for (const { path, text } of closure) hash.update(`\n${path}\n`).update(text)
      return [file, hash.digest('hex')]
    }),
  )
}

interface Source {
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
}

/** The file and everything it mentions, in the order of paths; null when it mentions what is no source. */
function closureOf(file: string, sources: Map<string, Source | null>): readonly Source[] | null {
  const found = new Map<string, Source>()
  const waiting = [file]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue
    const source = sources.has(path) ? sources.get(path) : readSource(path)
    sources.set(path, source ?? null)
    if (source === null || source === undefined) return null
    found.set(path, source)
    waiting.push(...source.imports)
  }
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function readSource(path: string): Source | null {
  if (!/\.(?:ts|js|mjs)$/.test(path) || !existsSync(path)) return null
  const text = readFileSync(path, 'utf8')
  const imports = [...text.matchAll(mentions)].map(([, mentioned = '']) => resolve(dirname(path), mentioned))
  return { path, text, imports }
}

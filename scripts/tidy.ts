/**
 * Holds the sources against the table "Who may import whom" of ARCHITECTURE.md, which is the configuration of this check,
 * and against what STYLE.md forbids and no linter sees. Prints every breach and exits with 1.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a room may import (rooms) and touch (packages and built-ins); `*` is everything. */
export interface RoomRules {
  readonly rooms: ReadonlySet<string>
  readonly packages: ReadonlySet<string>
}

export interface Source {
  /** From the repository's root: `src/gate/ledger/ring.ts`. */
  readonly path: string
  readonly text: string
}

const neutral = new Set(
  ['path', 'url', 'events', 'buffer', 'util', 'assert', 'timers', 'stream', 'os'].map((name) => `node:${name}`),
)
/** Rooms that must run anywhere touch not even the neutral built-ins. */
const pure = new Set(['core', 'tlog'])

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main()

function main(): number {
  process.chdir(fileURLToPath(new URL('..', import.meta.url)))
  const table = readTable(readFileSync('ARCHITECTURE.md', 'utf8'))
  const sources = globSync(['src/**/*.ts', 'scripts/*.ts', 'bench/**/*.ts', 'test/**/*.ts']).map((path) => ({
    path,
    text: readFileSync(path, 'utf8'),
  }))
  const breaches = sources
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .flatMap((source) => [...importBreaches(source, table), ...styleBreaches(source)])
  for (const breach of breaches) process.stdout.write(`${breach}\n`)
  return breaches.length === 0 ? 0 : 1
}

/** Reads the rows `| room | may import | may touch |` below the heading. */
export function readTable(architecture: string): ReadonlyMap<string, RoomRules> {
  const [, section = ''] = architecture.split('## Who may import whom')
  const table = new Map<string, RoomRules>()
  for (const line of section.split('\n')) {
    const [, room, rooms, packages] = line.split('|').map((cell) => cell.trim())
    if (
      room === undefined ||
      rooms === undefined ||
      packages === undefined ||
      room === 'Room' ||
      room.startsWith('---')
    )
      continue
    table.set(room, { rooms: wordsOf(rooms), packages: wordsOf(packages) })
  }
  if (table.size === 0) throw new Error('ARCHITECTURE.md has no table "Who may import whom"')
  return table
}

function wordsOf(cell: string): ReadonlySet<string> {
  return new Set(cell === '–' ? [] : cell.split(/\s+/))
}

/** `src/gate/ledger/ring.ts` stands in `gate/ledger`, `src/gate/handle.ts` in `gate/handle`, `src/main.ts` in `main`. */
export function roomOf(path: string): string | null {
  const parts = path.split('/')
  if (parts[0] !== 'src') return null
  if (parts.length === 2) return (parts[1] ?? '').replace(/\.ts$/, '')
  const [, wing = '', room = ''] = parts
  if (wing !== 'gate' && wing !== 'desk' && wing !== 'adapters') return wing
  return parts.length === 3 ? `${wing}/handle` : `${wing}/${room}`
}

/** Every import of one file that the table does not allow. */
export function importBreaches({ path, text }: Source, table: ReadonlyMap<string, RoomRules>): string[] {
  const room = roomOf(path)
  if (room === null) return []
  const rules = table.get(room)
  if (rules === undefined) return [`${path}: the room '${room}' is not in the table of ARCHITECTURE.md`]
  const isTest = path.endsWith('.test.ts') || path.includes('/test/')
  return specifiersOf(text).flatMap((specifier) => {
    const why = specifier.startsWith('.')
      ? roomBreach(join(dirname(path), specifier), { room, rules, isTest })
      : packageBreach(specifier, { room, rules, isTest })
    return why === null ? [] : [`${path}: imports ${specifier}, ${why}`]
  })
}

interface Importer {
  readonly room: string
  readonly rules: RoomRules
  readonly isTest: boolean
}

function roomBreach(target: string, { room, rules, isTest }: Importer): string | null {
  const path = normalize(target)
  const other = roomOf(path)
  if (other === null)
    return isTest && (path.startsWith('test/') || path.startsWith('bench/')) ? null : 'which is outside src'
  if (other === room) return null
  if (!rules.rooms.has('*') && !rules.rooms.has(other)) return `but '${room}' may not import '${other}'`
  return path.endsWith('/mod.ts') || !path.slice(4).includes('/')
    ? null
    : 'but a room is entered only through its mod.ts'
}

function packageBreach(specifier: string, { room, rules, isTest }: Importer): string | null {
  if (rules.packages.has('*')) return null
  const name = specifier.startsWith('node:') ? `node:${specifier.slice(5).split('/')[0]}` : packageOf(specifier)
  if (rules.packages.has(name)) return null
  if (isTest && (name.startsWith('node:') || name === 'fast-check' || name === 'yaml')) return null
  if (neutral.has(name) && !pure.has(room)) return null
  return `but '${room}' may not touch it`
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function specifiersOf(text: string): string[] {
  const code = text.replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, '')
  return [
    ...code.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s+'([^'$]+)'|(?:^|\n)\s*import\s+'([^'$]+)'|\bimport\(\s*'([^'$]+)'/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

/** Marks of unfinished work, and tests that do not run. */
export function styleBreaches({ path, text }: Source): string[] {
  const breaches: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const at = `${path}:${index + 1}`
    if (path !== 'scripts/tidy.ts' && /\b(?:TODO|FIXME|XXX|HACK)\b/.test(line))
      breaches.push(`${at}: unfinished work is finished or not begun`)
    if (path.endsWith('.test.ts') && /\b(?:test|it|describe)\.(?:skip|only|todo)\b/.test(line))
      breaches.push(`${at}: a test runs, or does not exist`)
    if (/\b(?:manager|helper)s?\.ts'/.test(line)) breaches.push(`${at}: a name that says nothing`)
  }
  return breaches
}

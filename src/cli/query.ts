import { GatehouseError } from '../core/mod.ts'
import type { ShownEvent } from './answers.ts'
import { durationMs } from './duration.ts'
import { exitCodes } from './exit-codes.ts'
import type { Shown } from './keys.ts'
import { lineOf } from './tail.ts'
import { painter, printable, table } from './terminal.ts'

export interface QueryOptions {
  readonly query: string
  /** Such as `1h`; null where `from` or the default says. */
  readonly since: string | null
  /** ISO 8601 or ms since the epoch; null for the default. */
  readonly from: string | null
  readonly to: string | null
  readonly limit: number | null
}

type Cell = string | number | null

interface Column {
  readonly name: string
  readonly kind: 'text' | 'address' | 'number' | 'duration' | 'size' | 'time'
}

/** What `GET /v1/query` answers. */
type Answer = {
  readonly columns: readonly Column[]
  readonly matched: number
  readonly scanned: number
  readonly partial: boolean
  readonly short: readonly ('deadline' | 'memory' | 'behind' | 'pruned')[]
  readonly elapsedMs: number
} & (
  | { readonly kind: 'events'; readonly rows: readonly ShownEvent[] }
  | { readonly kind: 'table'; readonly rows: readonly (readonly Cell[])[]; readonly total: number }
)

/** Prints what matches, then says on standard error how many there are; 7 when not all of it could be read. */
export async function query(shown: Shown, options: QueryOptions): Promise<number> {
  const { client, terminal, json } = shown
  const asked = new URLSearchParams({ q: options.query })
  for (const [name, value] of Object.entries(rangeOf(options, Date.now()))) asked.set(name, String(value))
  if (options.limit !== null) asked.set('limit', String(options.limit))
  // Our own server's answer; see answers.ts.
  const answer = (await client.get(`/v1/query?${asked.toString()}`)) as Answer
  if (json) for (const row of objectsOf(answer)) terminal.out(`${JSON.stringify(row)}\n`)
  else terminal.out(textOf(answer, shown))
  const paint = painter(terminal)
  terminal.err(paint('dim', `-- ${summaryOf(answer)}\n`))
  for (const why of answer.short) terminal.err(paint('yellow', `-- ${shortfalls[why]}\n`))
  return answer.partial ? exitCodes.partial : exitCodes.ok
}

/** Prints what can be asked. */
export async function queryFields({ client, terminal, json }: Shown): Promise<void> {
  const said = (await client.get('/v1/query/fields')) as { readonly help: string }
  terminal.out(json ? `${JSON.stringify(said)}\n` : said.help)
}

const shortfalls: Readonly<Record<Answer['short'][number], string>> = {
  deadline: 'Time ran out: the newest were read first. Ask for a shorter range',
  memory: 'It was too much for the memory of the index: ask for fewer groups, or give it more (query.memoryMax)',
  behind: 'The index does not have all of it yet: ask again in a moment',
  pruned: 'The index no longer has the beginning of it (query.keep, query.bytesMax)',
}

const sinceDefault = '1h'

function rangeOf({ since, from, to }: QueryOptions, nowMs: number): { readonly from: number; readonly to: number } {
  if (since !== null && from !== null)
    throw new GatehouseError('invalid_argument', 'Cannot use --since and --from together: take one of them')
  const end = to === null ? nowMs + 1 : timeMs(to, '--to')
  const start = from === null ? end - durationMs(since ?? sinceDefault) : timeMs(from, '--from')
  return { from: Math.max(0, start), to: end }
}

function timeMs(text: string, option: string): number {
  const ms = /^\d{10,14}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(ms))
    throw new GatehouseError(
      'invalid_argument',
      `Cannot read '${text}' of ${option}: write for instance 2026-01-31T08:00Z`,
    )
  return ms
}

function objectsOf(answer: Answer): readonly unknown[] {
  if (answer.kind === 'events') return answer.rows
  return answer.rows.map((row) => Object.fromEntries(answer.columns.map(({ name }, i) => [name, row[i] ?? null])))
}

function textOf(answer: Answer, { terminal }: Shown): string {
  const paint = painter(terminal)
  // As in a terminal that is followed: the newest last.
  if (answer.kind === 'events')
    return answer.rows
      .map((row) => `${lineOf(row, paint)}\n`)
      .toReversed()
      .join('')
  if (answer.rows.length === 0) return ''
  const head = answer.columns.map(({ name, kind }) => (kind === 'duration' ? name.replace(/Us$/, ' ms') : name))
  return table([head, ...answer.rows.map((row) => answer.columns.map(({ kind }, i) => cellOf(row[i] ?? null, kind)))])
}

function cellOf(value: Cell, kind: Column['kind']): string {
  if (value === null) return '–'
  if (typeof value === 'string') return printable(value)
  if (kind === 'time') return new Date(value).toISOString()
  return kind === 'duration' ? (value / 1000).toFixed(1) : String(value)
}

function summaryOf(answer: Answer): string {
  const requests = `${answer.matched} ${answer.matched === 1 ? 'request matches' : 'requests match'}`
  const all = answer.kind === 'table' ? answer.total : answer.matched
  const shownOf = answer.rows.length < all ? `, ${answer.rows.length} of ${all} shown` : ''
  const read = answer.scanned < 1 ? `, ${Math.floor(answer.scanned * 100)} % read` : ''
  return `${requests}${shownOf}${read}, ${answer.elapsedMs} ms`
}

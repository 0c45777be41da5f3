import type { Outcome } from '../../core/mod.ts'
import { type NumberColumn, numberColumns, type RowValues, type TextColumn, textColumns } from './query-columns.ts'

/** Rows as columns, in the order of their places in the ledger. */
export interface Rows {
  readonly count: number
  /** The first is '', the next are the outcomes; no word stands twice. */
  readonly words: readonly string[]
  readonly codes: Readonly<Record<TextColumn, Uint32Array>>
  readonly numbers: Readonly<Record<NumberColumn, Float64Array>>
  readonly rest: readonly string[]
}

/** Their codes are the same in all rows, so that measures can count by them. */
export const outcomeCodes: Readonly<Record<Outcome, number>> = { served: 1, refused: 2, failed: 3, aborted: 4 }

const firstWords: readonly string[] = ['', ...Object.keys(outcomeCodes)]

/** Rows that grow. */
export interface RowsBuilder {
  readonly count: number
  /** Least and greatest time of a row; Infinity and -Infinity when there is none. */
  readonly times: { readonly from: number; readonly to: number }
  add(row: RowValues): void
  /** All rows of others, in their order. */
  addAll(rows: Rows): void
  /** A copy. */
  rows(): Rows
}

export function createRowsBuilder(): RowsBuilder {
  const words: string[] = [...firstWords]
  const codeOf = new Map(words.map((word, code) => [word, code]))
  const codes = textColumns.map((name) => ({ name, list: [] as number[], last: '', lastCode: 0 }))
  const numbers = numberColumns.map((name) => ({ name, list: [] as number[] }))
  const rest: string[] = []
  const times = { from: Infinity, to: -Infinity }

  const code = (word: string): number => {
    const known = codeOf.get(word)
    if (known !== undefined) return known
    codeOf.set(word, words.length)
    return words.push(word) - 1
  }
  const saw = (time: number): void => {
    if (time < times.from) times.from = time
    if (time > times.to) times.to = time
  }
  return {
    times,
    get count() {
      return rest.length
    },
    add: (row) => {
      for (const column of codes) {
        const word = row.texts[column.name]
        // Most are what they were in the row before, and to compare them is cheaper than to look them up.
        if (word !== column.last) {
          column.last = word
          column.lastCode = code(word)
        }
        column.list.push(column.lastCode)
      }
      for (const { name, list } of numbers) list.push(row.numbers[name])
      rest.push(row.rest)
      saw(row.numbers.time)
    },
    addAll: (rows) => {
      const mapped = Uint32Array.from(rows.words, code)
      for (const { name, list } of codes) for (const one of rows.codes[name]) list.push(mapped[one] ?? 0)
      for (const { name, list } of numbers) for (const one of rows.numbers[name]) list.push(one)
      for (const one of rows.rest) rest.push(one)
      for (const one of rows.numbers.time) saw(one)
    },
    rows: () => ({
      count: rest.length,
      words: [...words],
      codes: columnsOf(codes, ({ list }) => Uint32Array.from(list)),
      numbers: columnsOf(numbers, ({ list }) => Float64Array.from(list)),
      rest: [...rest],
    }),
  }
}

/** One row as it was added. */
export function rowAt({ words, codes, numbers, rest }: Rows, index: number): RowValues {
  return {
    texts: perName(textColumns, (name) => words[codes[name][index] ?? 0] ?? ''),
    numbers: perName(numberColumns, (name) => numbers[name][index] ?? NaN),
    rest: rest[index] ?? '0',
  }
}

/** A value for each name. */
export function perName<Name extends string, T>(names: readonly Name[], of: (name: Name) => T): Record<Name, T> {
  // One entry for each name that was given.
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, T>
}

function columnsOf<Column extends { readonly name: string }, T>(
  columns: readonly Column[],
  of: (column: Column) => T,
): Record<Column['name'], T> {
  return Object.fromEntries(columns.map((column) => [column.name, of(column)])) as Record<Column['name'], T>
}

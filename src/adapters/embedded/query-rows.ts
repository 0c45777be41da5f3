import type { Outcome } from '../../core/mod.ts'
import { type NumberColumn, numberColumns, type RowValues, type TextColumn, textColumns } from './query-columns.ts'

/** Rows as columns, in the order of their places in the ledger. A column is made when it is asked for. */
export interface Rows {
  readonly count: number
  /** The words of a column by their codes. The first is '', none stands twice; those of `outcome` have fixed codes. */
  words(name: TextColumn): readonly string[]
  codes(name: TextColumn): Uint32Array
  numbers(name: NumberColumn): Float64Array
  rest(): readonly string[]
}

/** Their codes are the same in all rows, so that measures can count by them. */
export const outcomeCodes: Readonly<Record<Outcome, number>> = { served: 1, refused: 2, failed: 3, aborted: 4 }

/** Rows that grow. */
export interface RowsBuilder {
  readonly count: number
  /** Least and greatest time of a row; Infinity and -Infinity when there is none. */
  readonly times: { readonly from: number; readonly to: number }
  add(row: RowValues): void
  /** All rows of others, in their order. */
  addAll(rows: Rows): void
  /** What is here now; what is added later is not in it. */
  rows(): Rows
}

/** A column of text that grows. */
interface Texts {
  readonly words: string[]
  readonly codeOf: Map<string, number>
  readonly codes: number[]
  last: string
  lastCode: number
}

export function createRowsBuilder(): RowsBuilder {
  const texts = perName(textColumns, openTexts)
  const numbers = perName(numberColumns, (): number[] => [])
  const textLists = textColumns.map((name) => ({ name, column: texts[name] }))
  const numberLists = numberColumns.map((name) => ({ name, list: numbers[name] }))
  const rest: string[] = []
  const times = { from: Infinity, to: -Infinity }

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
      for (const { name, column } of textLists) column.codes.push(codeOf(column, row.texts[name]))
      for (const { name, list } of numberLists) list.push(row.numbers[name])
      rest.push(row.rest)
      saw(row.numbers.time)
    },
    addAll: (rows) => {
      for (const { name, column } of textLists) {
        const mapped = rows.words(name).map((word) => codeOf(column, word))
        for (const code of rows.codes(name)) column.codes.push(mapped[code] ?? 0)
      }
      for (const { name, list } of numberLists) for (const one of rows.numbers(name)) list.push(one)
      for (const one of rows.rest()) rest.push(one)
      for (const one of rows.numbers('time')) saw(one)
    },
    rows: () => {
      // The lists only grow: their beginning is what they are now.
      const count = rest.length
      return {
        count,
        words: (name) => texts[name].words,
        codes: (name) => Uint32Array.from(texts[name].codes.slice(0, count)),
        numbers: (name) => Float64Array.from(numbers[name].slice(0, count)),
        rest: () => rest.slice(0, count),
      }
    },
  }
}

function openTexts(name: TextColumn): Texts {
  const words = name === 'outcome' ? ['', ...Object.keys(outcomeCodes)] : ['']
  return { words, codeOf: new Map(words.map((word, code) => [word, code])), codes: [], last: '', lastCode: 0 }
}

function codeOf(column: Texts, word: string): number {
  // Most are what they were in the row before, and to compare them is cheaper than to look them up.
  if (word === column.last) return column.lastCode
  let code = column.codeOf.get(word)
  if (code === undefined) {
    code = column.words.push(word) - 1
    column.codeOf.set(word, code)
  }
  column.last = word
  column.lastCode = code
  return code
}

/** Gives rows one by one, as they were added. */
export function openRowReader(rows: Rows): (index: number) => RowValues {
  const texts = perName(textColumns, (name) => ({ words: rows.words(name), codes: rows.codes(name) }))
  const numbers = perName(numberColumns, (name) => rows.numbers(name))
  const rest = rows.rest()
  return (index) => ({
    texts: perName(textColumns, (name) => texts[name].words[texts[name].codes[index] ?? 0] ?? ''),
    numbers: perName(numberColumns, (name) => numbers[name][index] ?? NaN),
    rest: rest[index] ?? '0',
  })
}

function perName<Name extends string, T>(names: readonly Name[], of: (name: Name) => T): Record<Name, T> {
  // One entry for each name that was given.
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, T>
}

/**
 * Questions as SQL over the columns of one segment: `{s}` its rows; `{d_consumer}` the words of a column (code, text); `{a_ip}` those of
 * them that are addresses (code, address). Every value is a bound parameter; the text of a statement is made of our own names alone.
 */
import type { DuckDBValue } from '@duckdb/node-api'
import {
  addressRange,
  type FieldName,
  type Filter,
  type QueryRange,
  type Test,
  textFields,
} from '../../desk/query/mod.ts'
import { type NumberColumn, type TextColumn, textColumns } from './query-columns.ts'

/** Takes a value and gives the name under which it is bound. */
export interface Bindings {
  readonly values: DuckDBValue[]
  readonly bind: (value: DuckDBValue) => string
}

export function createBindings(): Bindings {
  const values: DuckDBValue[] = []
  return { values, bind: (value) => `$${values.push(value)}` }
}

/** A condition, and the tables that it names. */
export interface Condition {
  readonly tables: readonly string[]
  readonly where: string
}

/** The rows of a range that match a filter. */
export function conditionOf(range: QueryRange, filter: Filter, { bind }: Bindings): Condition {
  const tables: string[] = []
  const words = (select: string): string => {
    tables.push(`w${tables.length} AS MATERIALIZED (${select})`)
    return `(SELECT code FROM w${tables.length - 1})`
  }
  const of = (part: Filter): string => {
    switch (part.kind) {
      case 'all':
        return joined(part.of.map(of), 'AND', 'true')
      case 'any':
        return joined(part.of.map(of), 'OR', 'false')
      case 'not':
        return `(NOT ${of(part.of)})`
      case 'text': {
        const like = bind(`%${likeLiteral(part.text)}%`)
        const found = (field: FieldName): string =>
          words(`SELECT code FROM {d_${field}} WHERE text ILIKE ${like} ESCAPE '\\'`)
        return joined(
          textFields.map((field) => `${columnOf(field)} IN ${found(field)}`),
          'OR',
          'false',
        )
      }
      case 'field':
        return isText(part.field) ? textTests(part.field, part.tests) : numberTests(part.field, part.tests)
    }
  }
  const textTests = (field: FieldName, tests: readonly Test[]): string => {
    const column = columnOf(field)
    if (tests.some((test) => test.kind === 'pattern' && test.pattern === '*')) return `${column} <> 0`
    const selects = tests.map((test) => wordsOf(field, test, bind))
    return `${column} IN ${words(selects.join(' UNION ALL '))}`
  }
  const numberTests = (field: FieldName, tests: readonly Test[]): string => {
    const column = columnOf(field)
    const conditions = tests.map((test) => numberTest(column, test, bind))
    return `(${column} IS NOT NULL AND ${joined(conditions, 'OR', 'false')})`
  }
  const within =
    'fromMs' in range
      ? `n_time >= ${bind(range.fromMs)} AND n_time < ${bind(range.toMs)}`
      : `n_seq >= ${bind(range.seqFrom)} AND n_seq < ${bind(range.seqTo)}`
  return { where: `${within} AND ${of(filter)}`, tables }
}

const texts: ReadonlySet<string> = new Set(textColumns)

/** The field's column holds codes of words. */
export function isText(field: FieldName): field is FieldName & TextColumn {
  return texts.has(field)
}

/** The column of a field or of another column of a row. */
export function columnOf(name: FieldName | TextColumn | NumberColumn): string {
  return texts.has(name) ? `t_${name}` : `n_${name}`
}

/** `WITH` and the tables, or nothing. */
export function withTables(tables: readonly string[]): string {
  return tables.length === 0 ? '' : `WITH ${tables.join(', ')} `
}

function joined(conditions: readonly string[], by: 'AND' | 'OR', none: string): string {
  return conditions.length === 0 ? none : `(${conditions.join(` ${by} `)})`
}

type Bind = Bindings['bind']

function wordsOf(field: FieldName, test: Test, bind: Bind): string {
  switch (test.kind) {
    case 'equals':
      return `SELECT code FROM {d_${field}} WHERE lower(text) = lower(${bind(String(test.value))})`
    case 'pattern':
      return `SELECT code FROM {d_${field}} WHERE text ILIKE ${bind(likeOf(test.pattern))} ESCAPE '\\'`
    case 'network': {
      // A reader of the language has seen to it that it is one.
      const { from, to } = addressRange(test.cidr) ?? { from: '', to: '' }
      return `SELECT code FROM {a_${field}} WHERE address BETWEEN ${bind(from)} AND ${bind(to)}`
    }
    case 'range':
      return `SELECT code FROM {d_${field}} WHERE false`
  }
}

function numberTest(column: string, test: Test, bind: Bind): string {
  switch (test.kind) {
    case 'equals':
      return `${column} = ${bind(Number(test.value))}`
    case 'range': {
      const conditions: string[] = []
      if (test.from !== null) conditions.push(`${column} >${test.from.inclusive ? '=' : ''} ${bind(test.from.value)}`)
      if (test.to !== null) conditions.push(`${column} <${test.to.inclusive ? '=' : ''} ${bind(test.to.value)}`)
      return joined(conditions, 'AND', 'true')
    }
    case 'pattern':
      return test.pattern === '*' ? 'true' : 'false'
    case 'network':
      return 'false'
  }
}

/** A pattern of the language as one of LIKE. */
function likeOf(pattern: string): string {
  return pattern.replaceAll(/\\(.)|[*%_]/gsu, (found, escaped: string | undefined) => {
    if (escaped !== undefined) return likeLiteral(escaped)
    return found === '*' ? '%' : `\\${found}`
  })
}

function likeLiteral(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&')
}

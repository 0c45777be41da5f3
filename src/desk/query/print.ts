import { type Field, type FieldName, fields } from './fields.ts'
import type { Bound, Filter, Test } from './filter.ts'
import type { Question } from './language.ts'
import { measureWords, type Stage } from './stages.ts'

/** The query as it is written; read again it is the same. */
export function printQuestion({ filter, stage }: Question): string {
  const text = printFilter(filter)
  if (stage === null) return text
  return `${text === '' ? '' : `${text} `}| ${printStage(stage)}`
}

/** The filter as it is written; '' for the one that everything matches. */
export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'all':
      return filter.of.map(printTerm).join(' ')
    case 'any':
      return filter.of.map((one) => (one.kind === 'all' ? printFilter(one) : printTerm(one))).join(' or ')
    case 'not':
      return `-${printTerm(filter.of)}`
    case 'field': {
      const field = byName[filter.field]
      return `${filter.field}:${filter.tests.map((test) => printTest(field, test)).join(',')}`
    }
    case 'text':
      return quoted(escaped(filter.text))
  }
}

// One entry for each name: the table is complete.
const byName = Object.fromEntries(fields.map((field) => [field.name, field])) as Readonly<Record<FieldName, Field>>

function printTerm(filter: Filter): string {
  const text = printFilter(filter)
  return filter.kind === 'all' || filter.kind === 'any' ? `(${text})` : text
}

function printTest(field: Field, test: Test): string {
  switch (test.kind) {
    case 'equals':
      return typeof test.value === 'number' ? measured(field, test.value) : bareOrQuoted(escaped(test.value))
    case 'pattern':
      return bareOrQuoted(test.pattern)
    case 'network':
      return test.cidr
    case 'range':
      return printRange(field, test.from, test.to)
  }
}

function printRange(field: Field, from: Bound | null, to: Bound | null): string {
  if (from === null && to === null) return '*'
  if (to === null && from !== null) return `>${from.inclusive ? '=' : ''}${measured(field, from.value)}`
  if (from === null && to !== null) return `<${to.inclusive ? '=' : ''}${measured(field, to.value)}`
  // Of times the language means all of the last millisecond.
  const last = (to?.value ?? 0) - (field.kind === 'time' ? 1 : 0)
  return `${measured(field, from?.value ?? 0)}..${measured(field, last)}`
}

function measured({ kind }: Field, value: number): string {
  if (kind === 'time') return new Date(value).toISOString()
  return kind === 'duration' ? `${value}us` : String(value)
}

function escaped(text: string): string {
  return text.replaceAll(/[\\*]/g, '\\$&')
}

/** Bare where that reads the same. */
function bareOrQuoted(pattern: string): string {
  return /^[\w./{}*@:%?=&+~-]+$/.test(pattern) ? pattern : quoted(pattern)
}

function quoted(pattern: string): string {
  return `"${pattern.replaceAll('"', '\\"')}"`
}

function printStage({ measures, by, everyMs, limit }: Stage): string {
  const fieldList = by.join(', ')
  if (limit !== null) return `top ${limit} ${fieldList}`
  const words = measures.map((one) => measureWords.find(({ measure }) => measure === one)?.word ?? one)
  const grouped = by.length === 0 ? '' : ` by ${fieldList}`
  return `${words.join(', ')}${grouped}${everyMs === null ? '' : ` every ${everyMs / 1000}s`}`
}

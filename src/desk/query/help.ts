import { type Field, fields } from './fields.ts'
import { measureWords } from './stages.ts'

/** How to ask, for terminals; made of the tables that the language itself is made of. */
export function queryHelp(): string {
  const lines = [
    'field:value        a,b: one of them    -: not    space: and    or, ( )    "quoted text"',
    'status:4xx         ms:>200  ms:..50  status:400..499             numbers, durations, sizes, times',
    'path:/v1/*         * stands for any text; consumer:* for any, -consumer:* for none',
    'ip:203.0.113.0/24  a network; a word alone is looked for in path, query, agent, note, consumer, id and route',
    '',
    'Fields',
    ...columns(fields.map((field) => [field.name, field.aliases.join(', '), aboutOf(field)])),
    '',
    'Stages, behind |: top 10 ip · count by route, consumer · p95(ms), count by route · count by outcome every 5m',
    ...columns(measureWords.map(({ word, about }) => [word, about])),
  ]
  return `${lines.join('\n')}\n`
}

function aboutOf({ about, example }: Field): string {
  return `${about}: ${example}`
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, i) => Math.max(cell.length, most[i] ?? 0)), [])
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
}

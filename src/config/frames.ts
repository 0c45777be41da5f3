import { inOrder, type Problem } from './problems.ts'
import { printable, withoutPassword } from './reading.ts'

const lineCharsMax = 120

/** The file that the problems are in, as its reader knows it. */
export interface FrameOptions {
  readonly word: 'error' | 'warning'
  readonly name: string
  readonly lines: readonly string[]
}

/** Problems as a compiler shows them: what, where, the line itself, and what to do; in the order of the file. */
export function framed(problems: readonly Problem[], options: FrameOptions): string {
  const last = Math.max(0, ...problems.map(({ line }) => line ?? 0))
  const width = Math.max(2, String(last).length)
  return inOrder(problems)
    .map((problem) => `${frame(problem, width, options)}\n`)
    .join('\n')
}

function frame(problem: Problem, width: number, { word, name, lines }: FrameOptions): string {
  const { line, column, columnEnd, hint } = problem
  const head = `${word}[${problem.code}]: ${printable(problem.message)}`
  const path = problem.path === '' ? '' : `  (${printable(problem.path)})`
  const indent = ' '.repeat(width)
  if (line === null || column === null || columnEnd === null) {
    const from = problem.origin === null ? [] : [`${indent}--> ${problem.origin}${path}`]
    return [head, ...from, ...(hint === null ? [] : [`${indent}  = ${printable(hint)}`])].join('\n')
  }
  const { text, marks } = cut(lines[line - 1] ?? '', column - 1, columnEnd - 1)
  const tail = hint === null ? '' : ` ${printable(hint)}`
  return [
    head,
    `${indent}--> ${printable(name)}:${line}:${column}${path}`,
    `${indent}  |`,
    ` ${String(line).padStart(width)} | ${text}`,
    `${indent}  | ${marks}${tail}`,
  ].join('\n')
}

/** The line, or of a long one the part around what is marked, and the carets below it. */
function cut(line: string, start: number, end: number): { text: string; marks: string } {
  const clean = printable(withoutPassword(line))
  const from = end <= lineCharsMax ? 0 : Math.max(0, start - 20)
  const text = clean.slice(from, from + lineCharsMax)
  const before = clean.slice(from, start)
  const length = Math.max(1, Math.min(end, from + lineCharsMax) - start)
  const more = from === 0 ? '' : '…'
  // A tab stays a tab below itself, however wide the terminal makes it.
  const pad = (more + before).replaceAll(/[^\t]/g, ' ')
  return {
    text: `${more}${text.trimEnd()}${from + lineCharsMax < clean.length ? '…' : ''}`,
    marks: `${pad}${'^'.repeat(length)}`,
  }
}

/** The last line of a report. */
export function verdict(count: number, name: string): string {
  return `${count} ${count === 1 ? 'problem' : 'problems'} in ${printable(name)}. Nothing was changed; a running configuration stays in force.\n`
}

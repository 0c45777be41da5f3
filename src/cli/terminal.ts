import { styleText } from 'node:util'

/** Where a verb writes: answers to `out`, talk to `err`. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Colours only for a person's eyes. */
  readonly colour: boolean
}

export type Paint = (style: 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold', text: string) => string

/** Colours the text where the terminal shows colours. */
export function painter(terminal: Terminal): Paint {
  return (style, text) => (terminal.colour ? styleText(style, text, { validateStream: false }) : text)
}

export const standardTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  colour: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
}

// Control characters from a caller (a path, a user agent) must not reach the operator's terminal.
// oxlint-disable-next-line no-control-regex -- they are what is replaced
const control = /[\u0000-\u001f\u007f-\u009f]/g

/** Text from outside, safe to print. */
export function printable(text: string): string {
  return text.replace(control, '·')
}

/** Columns aligned by their widest cell; the last column is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('')
}

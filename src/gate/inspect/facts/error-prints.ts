import { Buffer } from 'node:buffer'
import type { BodyFacts } from './body-facts.ts'

/** A stack trace, or a message of an engine that no caller should see. */
interface ErrorKind {
  readonly kind: string
  /** One of these stands in it; looked for first. */
  readonly marks: readonly string[]
  /** The lines that are its frames; null: its presence is all. Each is bounded and cannot run back. */
  readonly frame: RegExp | null
}

const framesMax = 8

const kinds: readonly ErrorKind[] = [
  {
    kind: 'python',
    marks: ['Traceback (most recent call last)'],
    frame: /File "[^"\n]{1,200}", line \d{1,7}, in [\w<>]{1,80}/g,
  },
  {
    kind: 'java',
    marks: ['.java:', 'Exception in thread'],
    frame: /\bat [\w$.]{1,200}\([\w$]{1,80}\.(?:java|kt|scala):\d{1,7}\)/g,
  },
  {
    kind: 'node',
    marks: ['.js:', '.ts:', '.mjs:', '.cjs:'],
    frame: /\bat (?:async )?[\w$.<>]{0,80} ?\(?[^\s()]{1,200}\.[mc]?[jt]s:\d{1,7}:\d{1,7}/g,
  },
  {
    kind: 'dotnet',
    marks: ['.cs:line', 'System.'],
    frame: /\bat [\w.`<>]{1,200}\([^()\n]{0,200}\) in [^\n]{1,200}\.cs:line \d{1,7}/g,
  },
  { kind: 'php', marks: ['.php'], frame: /#\d{1,3} [^\s()]{1,200}\.php\(\d{1,7}\)/g },
  { kind: 'ruby', marks: ['.rb:'], frame: /[\w./-]{1,200}\.rb:\d{1,7}:in [`'][^'\n]{1,80}'/g },
  { kind: 'go', marks: ['goroutine '], frame: /[\w./-]{1,200}\.go:\d{1,7}/g },
  { kind: 'rust', marks: ['panicked at'], frame: null },
  {
    kind: 'sql',
    marks: [
      'SQLSTATE[',
      'You have an error in your SQL syntax',
      'syntax error at or near',
      'ORA-0',
      'unterminated quoted string',
      'SQLITE_ERROR',
      'Unclosed quotation mark',
    ],
    frame: null,
  },
]

/** Tells `facts` of an error in these bytes. Texts without a mark, which is nearly all, cost the search for marks alone. */
export function errorIn(bytes: Uint8Array, { start, end }: { start: number; end: number }, facts: BodyFacts): void {
  if (!mayBeError(bytes, start, end)) return
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
  for (const { kind, marks, frame } of kinds) {
    if (!marks.some((mark) => text.includes(mark))) continue
    if (frame === null) facts.error(kind, '')
    else {
      const frames = text.replaceAll(String.raw`\"`, '"').match(frame)
      if (frames !== null) facts.error(kind, frames.slice(0, framesMax).map(normalised).join('\n'))
    }
  }
}

/** A frame without what differs between two machines or two builds: folders, and numbers. */
function normalised(frame: string): string {
  return frame.replaceAll(/[\w.@:\\/-]{0,200}[\\/]/g, '').replaceAll(/\d+/g, '#')
}

/**
 * Every mark holds one of these, at whose `#` a character stands that is rare in what is no error: a text is searched for that
 * alone. `d` stands for a digit and `w` for a letter.
 */
const hints: readonly (readonly [before: string, rare: string, behind: string])[] = [
  ['w', ':', 'd'], // `.js:12`, `.java:7`
  ['s', ':', 'line '],
  ['', ',', ' line '],
  ['S', 'Q', 'L'],
  ['O', 'R', 'A-'],
  ['synta', 'x', ' error'],
  ['', 'q', 'uot'],
  ['', '.', 'php'],
  ['panic', 'k', 'ed'],
]

/** By the rare character. */
const hintsOf = new Map(
  hints.map((hint): [number, readonly (typeof hint)[]] => [
    hint[1].charCodeAt(0),
    hints.filter(([, rare]) => rare === hint[1]),
  ]),
)
const isRare = Uint8Array.from({ length: 256 }, (_, char) => (hintsOf.has(char) ? 1 : 0))

function mayBeError(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const char = bytes[at] ?? 0
    if (isRare[char] === 0) continue
    for (const [before, , behind] of hintsOf.get(char) ?? []) {
      if (stands(behind, bytes, at + 1) && stands(before, bytes, at - before.length)) return true
    }
  }
  return false
}

function stands(hint: string, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < hint.length; i++) {
    const char = bytes[at + i] ?? 0
    const isMet = hint === 'w' ? isLetter(char) : hint === 'd' ? isDigit(char) : char === hint.charCodeAt(i)
    if (!isMet) return false
  }
  return true
}

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39
}

function isLetter(char: number): boolean {
  return (char >= 0x61 && char <= 0x7a) || (char >= 0x41 && char <= 0x5a)
}

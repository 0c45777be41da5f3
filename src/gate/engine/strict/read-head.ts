import { METHODS } from 'node:http'
import { type ConnectionLimits, type Reason, refusal, type Refusal } from '../../../core/mod.ts'
import type { RequestHead } from '../strict-gate.ts'

/**
 * Field lines to their last byte: a token, a colon, and what may stand in a value (RFC 9110 section 5). No folding, no space
 * before the colon, no bare CR or LF, no control character. Each class ends where the next begins, so it runs in linear time.
 */
const fieldLines = /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\u0020-\u007e\u0080-\u00ff]*\r\n)*$/

/** True for whole field lines, each with its end, and nothing else. */
export function areFieldLines(text: string): boolean {
  return fieldLines.test(text)
}

/**
 * Reads the head of a request from its first byte to the end of its last field line, the empty line not included. What two
 * programs could read differently is refused; the meaning of fields is left to `examineHead`.
 */
export function readHead(text: string): RequestHead | Refusal {
  const lineEnd = text.indexOf('\r\n')
  const [methodEnd, targetEnd] = spacesOf(text, lineEnd)
  const version = targetEnd === -1 ? null : versionAt(text, targetEnd + 1, lineEnd)
  if (version === null) return lineDefect(text.slice(0, lineEnd))
  const method = text.slice(0, methodEnd)
  const url = text.slice(methodEnd + 1, targetEnd)
  if (!methods.has(method)) return malformed('the method is not known')
  if (!isVisible.test(url)) return malformed('the target has characters that none may have')
  const fields = text.slice(lineEnd + 2)
  if (!areFieldLines(fields)) return malformed('a field line is none')
  return { method, url, httpVersion: version, rawHeaders: readFieldLines(fields) }
}

const methods: ReadonlySet<string> = new Set(METHODS)
const isVisible = /^[\u0021-\u00ff]+$/

function spacesOf(text: string, lineEnd: number): readonly [number, number] {
  const first = text.indexOf(' ')
  if (first <= 0 || first > lineEnd) return [-1, -1]
  const second = text.indexOf(' ', first + 1)
  return second <= first + 1 || second > lineEnd ? [-1, -1] : [first, second]
}

function versionAt(text: string, at: number, end: number): '1.1' | '1.0' | null {
  if (end - at !== 8 || !text.startsWith('HTTP/1.', at)) return null
  const minor = text.charCodeAt(at + 7)
  return minor === 49 ? '1.1' : minor === 48 ? '1.0' : null
}

/** Name and value in turn, without the white space around values. Only for lines that are some. */
export function readFieldLines(fields: string): string[] {
  const raw: string[] = []
  for (let at = 0; at < fields.length;) {
    const colon = fields.indexOf(':', at)
    const end = fields.indexOf('\r\n', colon)
    let from = colon + 1
    let to = end
    while (from < to && isBlank(fields.charCodeAt(from))) from++
    while (to > from && isBlank(fields.charCodeAt(to - 1))) to--
    raw.push(fields.slice(at, colon), fields.slice(from, to))
    at = end + 2
  }
  return raw
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

/** What a request line says that is none of ours: another version, or nothing that can be understood. */
function lineDefect(line: string): Refusal {
  if (otherVersion.test(line)) {
    return refusal('version_not_supported', 'This server speaks HTTP/1.1 and HTTP/1.0', { note: noteOf('the version') })
  }
  return malformed('the request line is none')
}

const otherVersion = /^[A-Z-]{1,24} [\u0021-\u007e]+(?: HTTP\/(?!1\.[01]$)\d+(?:\.\d+)?)?$/

/**
 * What is wrong already with the beginning of a head that is not here whole: bytes that begin no request, a line that none can
 * have, more than may come. Null: nothing yet.
 */
export function partialDefect(
  text: string,
  limits: Pick<ConnectionLimits, 'urlBytesMax' | 'headerBytesMax'>,
): Refusal | null {
  if (!beginning.test(text)) return malformed('the bytes begin no request')
  if (bareLineFeed.test(text)) return malformed('a line ends without CR')
  const lineEnd = text.indexOf('\r\n')
  if ((lineEnd === -1 ? text.length : lineEnd) > limits.urlBytesMax + lineOverheadBytes) return tooLong(limits)
  if (lineEnd !== -1 && versionAt(text, lineEnd - 8, lineEnd) === null) return lineDefect(text.slice(0, lineEnd))
  return text.length > headBytesMax(limits) ? refusal('headers_too_large', 'The header fields are too large') : null
}

/** A method, and a space behind it. */
const beginning = /^(?:[A-Z-]{0,24}$|[A-Z-]{1,24} )/
const bareLineFeed = /(?:^|[^\r])\n/
/** Method, version and the spaces. */
const lineOverheadBytes = 34

function tooLong({ urlBytesMax }: Pick<ConnectionLimits, 'urlBytesMax'>): Refusal {
  return refusal('url_too_long', `The URL is longer than ${urlBytesMax} bytes`)
}

/** Bytes of a head that are looked at; which part of one that has more is too large is told by `partialDefect`. */
export function headBytesMax(limits: Pick<ConnectionLimits, 'urlBytesMax' | 'headerBytesMax'>): number {
  return limits.urlBytesMax + limits.headerBytesMax + headSlackBytes
}

const headSlackBytes = 1_024

function malformed(what: string): Refusal {
  return refusal('malformed' satisfies Reason, 'The request is not valid HTTP', { note: noteOf(what) })
}

function noteOf(what: string): string {
  return `strict: ${what}`
}

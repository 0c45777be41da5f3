import { refusal, type Refusal } from '../../core/mod.ts'

/**
 * The one spelling of a path that is routed, authorized, recorded and forwarded; or why there is none.
 *
 * Percent-encoded unreserved characters are decoded and the remaining escapes are written in upper case (RFC 3986 section
 * 6.2.2). Everything that two programs could resolve to different paths is refused rather than repaired, so that what was
 * authorized is what the upstream serves:
 * - empty segments (`//`), dot segments (`.` and `..`, encoded ones too, and with parameters: `..;x`);
 * - an encoded `/`, `\` or control character, NUL among them;
 * - double encoding: `%25` before two hex digits that stand for `.`, `/`, `\`, `%`, `?`, `#`, `;` or a control character;
 * - escapes that are not UTF-8 (an overlong `/` hides there);
 * - a raw `\`.
 * A broken escape and characters that RFC 3986 does not allow in a path are `malformed`.
 *
 * Canonical paths are canonical: they come out unchanged.
 */
export function canonicalPath(raw: string): string | Refusal {
  return plain.test(raw) ? raw : rewritten(raw)
}

// Segments of unescaped characters that do not begin with a dot. One pass, no backtracking: a segment cannot hold a slash.
const plain = /^\/(?:[\w~!$&'()*+,;=:@-][\w.~!$&'()*+,;=:@-]*(?:\/[\w~!$&'()*+,;=:@-][\w.~!$&'()*+,;=:@-]*)*\/?)?$/

const allowed = /^(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})+$/
const escape = /%[0-9A-Fa-f]{2}/g
const unreserved = /[A-Za-z0-9._~-]/
const dotSegment = /\/\.{1,2}(?:[;/]|$)/
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const delimiter = /[./\\%?#;\u0000-\u001f\u007f]/

function rewritten(raw: string): string | Refusal {
  if (raw.includes('\\')) return ambiguous('a backslash')
  if (!raw.startsWith('/') || !allowed.test(raw)) return malformedPath
  if (!isUtf8(raw)) return ambiguous('an escape that is not UTF-8')
  if (/%(?:2f|5c|7f|[01][0-9a-f])/i.test(raw)) return ambiguous('an encoded slash, backslash or control character')
  if (isTwiceEncoded(raw)) return ambiguous('double encoding')
  const path = raw.replaceAll(escape, (triplet) => {
    const character = characterOf(triplet.slice(1))
    return unreserved.test(character) ? character : triplet.toUpperCase()
  })
  if (path.includes('//')) return ambiguous('an empty segment')
  if (dotSegment.test(path)) return ambiguous('a dot segment')
  return path
}

function isTwiceEncoded(raw: string): boolean {
  for (const [, hex = ''] of raw.matchAll(/%25([0-9A-Fa-f]{2})/g)) if (delimiter.test(characterOf(hex))) return true
  return false
}

function characterOf(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16))
}

function isUtf8(raw: string): boolean {
  if (!/%[89a-f]/i.test(raw)) return true
  try {
    decodeURIComponent(raw)
    return true
  } catch {
    return false
  }
}

function ambiguous(what: string): Refusal {
  return refusal('ambiguous_path', `The path is ambiguous: ${what}`)
}

const malformedPath = refusal('malformed', 'The path is not valid')

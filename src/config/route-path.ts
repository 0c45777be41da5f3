import { meantText } from './did-you-mean.ts'
import { bad, good, type Kind, mistaken } from './kinds.ts'

const charsMax = 512

/** A path template. Its literals stand in the form to which requests are brought before they are routed. */
export const routePathKind: Kind<string> = {
  schema: { type: 'string', pattern: '^/', maxLength: charsMax },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a path', 'write it as /v1/orders/{id}')
    if (value.length > charsMax) return bad('GH-C009', 'is too long', `at most ${charsMax} characters`)
    if (!value.startsWith('/')) {
      const guess = /^[\w{]/.test(value) && !value.includes('://') ? meantText(`/${value}`) : null
      return mistaken('GH-C008', 'is not a path', { guess, hint: 'it begins with a /' })
    }
    const wrong = wrongWith(value)
    return wrong === null
      ? good(value)
      : mistaken('GH-C008', wrong.says, { guess: meantText(wrong.meant ?? null), hint: wrong.hint })
  },
}

/** What is wrong with a part of a path. */
export interface Wrong {
  readonly says: string
  readonly hint: string
  /** The whole path as it was probably meant. */
  readonly meant?: string
}

function wrongWith(path: string): Wrong | null {
  if (/[?#]/.test(path)) return { says: 'has a query or a fragment', hint: 'routes are chosen by path alone' }
  const segments = path.slice(1).split('/')
  const names = new Set<string>()
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1
    // A slash at the end is a path of its own; anywhere else an empty segment is never routed.
    if (segment === '' && !last)
      return {
        says: 'has an empty segment',
        hint: 'one slash between two segments',
        meant: path.replaceAll(/\/{2,}/g, '/'),
      }
    const wrong = /[{}]/.test(segment) ? wrongParameter(segment, last) : wrongLiteral(segment, last)
    if (wrong !== null)
      return {
        ...wrong,
        ...(wrong.meant === undefined ? {} : { meant: `/${segments.with(index, wrong.meant).join('/')}` }),
      }
    const name = nameIn(segment)
    if (name === null) continue
    if (names.has(name)) return { says: 'names two parameters alike', hint: 'give each parameter its own name' }
    names.add(name)
  }
  return null
}

function wrongParameter(segment: string, last: boolean): Wrong | null {
  const inside = /^\{([^{}]*)\}$/.exec(segment)?.[1]
  if (inside === undefined)
    return {
      says: 'has a parameter that is not a whole segment',
      hint: 'a parameter stands between slashes: /orders/{id}',
    }
  if (inside.endsWith('*') && !last)
    return { says: 'goes on after a parameter with *', hint: 'a parameter with * takes all the rest and stands last' }
  return nameIn(segment) === null
    ? { says: 'has a parameter without a proper name', hint: 'letters, digits and _: {id}, and {rest*} at the end' }
    : null
}

function nameIn(segment: string): string | null {
  return /^\{([A-Za-z_]\w{0,63})\*?\}$/.exec(segment)?.[1] ?? null
}

/** What is wrong with a segment that stands for itself; here `meant` is the one segment. */
export function wrongLiteral(segment: string, last: boolean): Wrong | null {
  if (/^\*{1,2}$/.test(segment))
    return {
      says: 'has a wildcard',
      hint: '{name} is one segment, {rest*} at the end all that follows',
      meant: last ? '{rest*}' : '{name}',
    }
  const named = /^:([A-Za-z_]\w{0,63})([*+]?)$/.exec(segment)
  if (named !== null)
    return {
      says: 'has a parameter that is not in braces',
      hint: 'write it as {id}',
      meant: `{${named[1]}${named[2] === '' ? '' : '*'}}`,
    }
  const canonical = canonicalOf(segment)
  if (canonical === null)
    return { says: 'has a % that is not followed by two hex digits', hint: 'write a percent sign as %25' }
  if (canonical === '.' || canonical === '..')
    return { says: 'has a dot segment', hint: 'requests are routed by their canonical path, which has none' }
  if (/%(?:2F|5C|00)/.test(canonical))
    return { says: 'has an encoded slash, backslash or NUL', hint: 'requests with those are always refused' }
  return canonical === segment
    ? null
    : {
        says: 'is not in its canonical form',
        hint: 'encode what must be encoded, in upper-case hex, and nothing else',
        meant: canonical,
      }
}

/** RFC 3986 6.2.2: what need not be encoded is not, everything else is, in upper-case hex. */
function canonicalOf(segment: string): string | null {
  if (/%(?![0-9A-Fa-f]{2})/.test(segment)) return null
  const decoded = segment.replaceAll(/%([0-9A-Fa-f]{2})/g, (whole, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16))
    return /[A-Za-z0-9._~-]/.test(char) ? char : whole.toUpperCase()
  })
  return decoded.toWellFormed().replaceAll(/[^A-Za-z0-9._~!$&'()*+,;=:@%-]+/g, (other) => encodeURIComponent(other))
}

/** Two templates of one shape match the same paths: `/v1/{id}` and `/v1/{name}`. */
export function shapeOf(path: string): string {
  return path.replaceAll(/\{[^{}/]*\*\}/g, '{*}').replaceAll(/\{[^{}/*]*\}/g, '{}')
}

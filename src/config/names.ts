import { meantText } from './did-you-mean.ts'
import { bad, good, type Kind, mistaken } from './kinds.ts'

const apiNamePattern = '^[a-z][a-z0-9-]{0,63}$'

/** What an API may be called: a word for records, metrics and environment variables. */
export const apiNames: {
  readonly pattern: string
  readonly fits: (name: string) => boolean
  readonly meant: (name: string) => string | null
} = {
  pattern: apiNamePattern,
  fits: (name) => new RegExp(apiNamePattern).test(name),
  meant: (name) => {
    const guess = name
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^[^a-z]+|-+$/g, '')
    return guess !== '' && guess.length <= 64 ? guess : null
  },
}

/** Stands in records and, quoted, in the `RateLimit` fields of answers. */
export const limitNameKind: Kind<string> = {
  schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a name', 'write a word such as per-consumer')
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value)) return good(value)
    const guess = value
      .trim()
      .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
      .replaceAll(/^[^A-Za-z0-9]+|-+$/g, '')
      .slice(0, 64)
    return mistaken('GH-C008', 'is not a name of letters, digits, dots, - and _', {
      guess: meantText(guess === '' ? null : guess),
    })
  },
}

/** RFC 6749 3.3 scope-token. */
export const scopeKind: Kind<string> = {
  schema: { type: 'string', pattern: '^[\\u0021\\u0023-\\u005B\\u005D-\\u007E]{1,128}$' },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a scope', 'write it as orders:read')
    if (/^[\u0021\u0023-\u005B\u005D-\u007E]{1,128}$/.test(value)) return good(value)
    const several = value.trim().split(/[\s,]+/)
    if (several.length > 1) {
      const guess = several.length > 5 ? null : `write a list: [${several.join(', ').slice(0, 100)}]`
      return mistaken('GH-C008', 'is not one scope', { guess, hint: 'write a list: [a, b]' })
    }
    return bad('GH-C008', 'is not a scope', 'up to 128 visible ASCII characters without quotes and backslashes')
  },
}

const knownMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** Methods are case-sensitive (RFC 9110 9.1); ours are upper case, and CONNECT and TRACE never pass. */
export const methodKind: Kind<string> = {
  schema: { type: 'string', pattern: '^[A-Z][A-Z-]{0,31}$' },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a method', `write one of ${knownMethods.join(', ')}`)
    if (value === '*' || value.toLowerCase() === 'any' || value.toLowerCase() === 'all')
      return bad('GH-C008', 'is not a method', 'leave out `methods` to take all of them')
    if (value === 'CONNECT' || value === 'TRACE') return bad('GH-C008', 'is never forwarded', 'leave it out')
    if (/^[A-Z][A-Z-]{0,31}$/.test(value)) return good(value)
    const guess = /^[A-Za-z][A-Za-z-]{0,31}$/.test(value) ? meantText(value.toUpperCase()) : null
    return mistaken('GH-C008', 'is not a method', { guess, hint: `write one of ${knownMethods.join(', ')}` })
  },
}

/**
 * The first part of the names under which this node's logs are known and signed: no white space and no plus, which the
 * specification of signed notes forbids, and nothing that a path or a URL would have to escape.
 */
export const nodeNameKind: Kind<string> = {
  schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a name', 'write it as gate-1.example.com')
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(value)) return good(value)
    return mistaken('GH-C008', 'is not a name of letters, digits, dots, - and _', {
      guess: meantText(nodeNameOf(value, null)),
    })
  },
}

/** What comes nearest to this text among the names of nodes; `fallback` where nothing does. */
export function nodeNameOf<T>(text: string, fallback: T): string | T {
  const name = text
    .trim()
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replaceAll(/^[^A-Za-z0-9]+|-+$/g, '')
    .slice(0, 128)
  return name === '' ? fallback : name
}

/** Where the gate keeps what must survive. */
export const folderKind: Kind<string> = {
  schema: { type: 'string', minLength: 1, maxLength: 1024 },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a folder', 'write it as ./gatehouse-data')
    // A NUL would cut the path off in the operating system.
    return value === '' || value.length > 1024 || value.includes('\0')
      ? bad('GH-C008', 'is not a folder', 'write it as ./gatehouse-data')
      : good(value)
  },
}

/** The one version of the file's language so far. */
export const versionKind: Kind<1> = {
  schema: { const: 1 },
  read: (value) =>
    value === 1 ? good(value) : bad('GH-C007', 'is not a version that this Gatehouse knows', 'write version: 1'),
}

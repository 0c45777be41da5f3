import * as z from 'zod'
import type { Role, RolePattern } from '../core/mod.ts'
import { meantText } from './did-you-mean.ts'
import { bad, good, type Kind, leaf, mistaken, optional, type Read } from './kinds.ts'
import { apiNames } from './names.ts'
import type { Finding } from './problems.ts'
import { quoted, type Reading, valueAt } from './reading.ts'
import { wrongLiteral } from './route-path.ts'

/** One entry of `roles:` */
export interface RoleSection {
  readonly allow: readonly RolePattern[]
}

/** `roles:` by name. */
export type RolesSection = Readonly<Record<string, RoleSection>>

const charsMax = 256
const allowMax = 64
const how = 'write a method and a path: GET /v1/orders/**, GET,POST /v1/orders, * /v1/**; * alone is everything'

/** What a role allows. */
export const rolePatternKind: Kind<RolePattern> = {
  schema: {
    type: 'string',
    pattern: '^(?:\\*|(?:\\*|[A-Z][A-Z-]{0,31}(?:,[A-Z][A-Z-]{0,31})*) /\\S*)$',
    maxLength: charsMax,
  },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a pattern', how)
    if (value.length > charsMax) return bad('GH-C009', 'is too long', `at most ${charsMax} characters`)
    if (value === '*') return good({ text: value, methods: [], segments: ['**'] })
    const [, methods, path] = /^(\S+) +(\/\S*)$/.exec(value) ?? []
    if (methods === undefined || path === undefined)
      return mistaken('GH-C008', 'is not a pattern', { guess: meantPattern(value), hint: how })
    return patternOf(methods, path)
  },
}

function meantPattern(text: string): string | null {
  if (/^\/\S*$/.test(text)) return meantText(`* ${text}`)
  const [, methods, path] = /^([A-Za-z*]+(?: *, *[A-Za-z]+)*)[ :]+(\/?\S+)$/.exec(text) ?? []
  if (methods === undefined || path === undefined) return null
  return meantText(`${methods.replaceAll(' ', '').toUpperCase()} ${path.startsWith('/') ? path : `/${path}`}`)
}

function patternOf(methods: string, path: string): Read<RolePattern> {
  const named = methods === '*' ? [] : methods.split(',')
  const odd = named.find((method) => !/^[A-Z][A-Z-]{0,31}$/.test(method))
  if (odd !== undefined)
    return mistaken('GH-C008', `names a method that is none, ${quoted(odd)}`, {
      guess: /^[A-Za-z,-]+$/.test(methods) ? meantText(`${methods.toUpperCase()} ${path}`) : null,
      hint: how,
    })
  const segments = path.slice(1).split('/')
  for (const [i, segment] of segments.entries()) {
    const wrong = wrongWith(segment, i === segments.length - 1)
    if (wrong === null) continue
    const guess = wrong.meant === undefined ? null : meantText(`${methods} /${segments.with(i, wrong.meant).join('/')}`)
    return mistaken('GH-C008', wrong.says, { guess, hint: wrong.hint })
  }
  return good({ text: `${methods} ${path}`, methods: [...new Set(named)], segments })
}

interface Wrong {
  readonly says: string
  readonly hint: string
  readonly meant?: string
}

function wrongWith(segment: string, last: boolean): Wrong | null {
  if (segment === '*' || (segment === '**' && last)) return null
  if (segment === '**')
    return { says: 'goes on after **', hint: '** takes all the rest and stands last; * is one segment' }
  if (segment === '' && !last) return { says: 'has an empty segment', hint: 'one slash between two segments' }
  if (/[?#]/.test(segment)) return { says: 'has a query or a fragment', hint: 'roles go by method and path alone' }
  const parameter = /^\{[^{}*]*(\*?)\}$/.exec(segment)
  if (parameter !== null)
    return {
      says: 'has a parameter in braces',
      hint: 'write * for one segment, ** for the rest',
      meant: parameter[1] === '*' ? '**' : '*',
    }
  if (/[*{}]/.test(segment))
    return { says: 'has a * that is not a whole segment', hint: '* is one whole segment, ** all the rest' }
  return wrongLiteral(segment, last)
}

const roleSchema: z.ZodType<RoleSection> = z.strictObject({
  allow: z
    .array(leaf(rolePatternKind))
    .max(allowMax)
    .describe(
      'Method and path, as GET /v1/orders/**: * is one segment, ** the rest; whatever no role allows is refused',
    ),
})

/** The section; null when it is left out, and then scopes alone decide. */
export const rolesSchema: z.ZodType<RolesSection | null> = optional(
  z.record(z.string(), roleSchema).meta({ minProperties: 1, propertyNames: { pattern: apiNames.pattern } }),
  'Roles over routes: with them every caller that is identified needs one that allows its request, beside the scopes',
)

/** What only the whole section knows: whether its names are names, and whether it has any. */
export function roleChecks(reading: Reading): readonly Finding[] {
  const found = valueAt(reading.tree, ['roles'])
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return []
  const names = Object.keys(found)
  if (names.length === 0)
    return [
      {
        code: 'GH-C009',
        message: 'there is no role, so that every caller would be refused',
        path: ['roles'],
        mark: 'key',
        hint: 'define one, such as reader: { allow: [GET /**] }, or leave out roles',
      },
    ]
  return names
    .filter((name) => !apiNames.fits(name))
    .map((name) => {
      const meant = apiNames.meant(name)
      const hint =
        meant === null ? 'begin with a lower-case letter; up to 64 letters, digits and -' : `did you mean "${meant}"?`
      return {
        code: 'GH-C008',
        message: `${quoted(name)} is not a name for a role`,
        path: ['roles', name],
        mark: 'key',
        hint,
      }
    })
}

/** The section as the gate takes it. */
export function composeRoles(section: RolesSection | null): readonly Role[] | null {
  return section === null ? null : Object.entries(section).map(([name, { allow }]) => ({ name, allow }))
}

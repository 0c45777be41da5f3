import {
  patternAllows,
  patternCoverage,
  type Principal,
  refusal,
  type Refusal,
  type Role,
  type RolePattern,
  type Route,
} from '../../core/mod.ts'

/** What roles say of a request: which of them permitted it, or that none did. */
export type Permission =
  | { readonly kind: 'permitted'; readonly role: string | null }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Roles, compiled for the routes of one revision. */
export interface CompiledRoles {
  /** Null where there are none: then everything is permitted. */
  readonly roles: readonly Role[] | null
  /** `index` is the route's place in the router; `path` is canonical. */
  permit(
    principal: Principal,
    asked: { readonly index: number; readonly method: string; readonly path: string },
  ): Permission
}

/** One pattern that has to do with a route. */
interface Grant {
  readonly pattern: RolePattern
  /** It allows all that the route serves, so that no request needs a look. */
  readonly isWhole: boolean
  /** As it stands in the record. */
  readonly told: string
}

const none: readonly Grant[] = []
const free: Permission = { kind: 'permitted', role: null }

/**
 * Which patterns of a role have to do with a route is found once, at the first request that asks. From then on a request looks at
 * those of its caller's roles alone, and most of them allow all of the route or nothing.
 *
 * Default deny: a caller without a role, or with roles that are not defined, is refused. A route that asks nobody permits all.
 */
export function compileRoles(roles: readonly Role[] | null, routes: readonly Route[]): CompiledRoles {
  if (roles === null) return { roles, permit: () => free }
  const byName = new Map(roles.map((role) => [role.name, { role, byRoute: new Map<number, readonly Grant[]>() }]))
  const grants = (name: string, index: number): readonly Grant[] => {
    const known = byName.get(name)
    const route = routes[index]
    if (known === undefined || route === undefined) return none
    const found = known.byRoute.get(index) ?? grantsOf(known.role, route)
    known.byRoute.set(index, found)
    return found
  }
  const open = routes.map((route) => route.auth.length === 0)
  return {
    roles,
    permit: (principal, asked) => {
      if (principal.kind === 'anonymous' || open[asked.index] === true) return free
      for (const name of principal.roles) {
        for (const { pattern, isWhole, told } of grants(name, asked.index))
          if (isWhole || patternAllows(pattern, asked.method, asked.path)) return { kind: 'permitted', role: told }
      }
      return { kind: 'refused', refusal: notPermitted(principal) }
    },
  }
}

/** Those that allow the whole route first: they need no look at the request. */
function grantsOf({ name, allow }: Role, route: Route): readonly Grant[] {
  return allow
    .map((pattern) => ({ pattern, told: `${name} ${pattern.text}`, coverage: patternCoverage(pattern, route) }))
    .filter(({ coverage }) => coverage !== 'none')
    .map(({ pattern, told, coverage }) => ({ pattern, told, isWhole: coverage === 'all' }))
    .toSorted((a, b) => Number(b.isWhole) - Number(a.isWhole))
}

/** The caller learns neither its roles nor what they would have to be: both are the operator's names. */
function notPermitted({ consumerName, roles }: Extract<Principal, { kind: 'consumer' }>): Refusal {
  const held = roles.length === 0 ? 'has no role' : `has ${roles.join(', ')}, none of which allows this`
  return refusal('not_permitted', 'This caller may not do that here', { note: `${consumerName} ${held}` })
}

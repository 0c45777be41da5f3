import type { Route } from '../../../core/mod.ts'

/** What of a route's requests is looked at; compiled once per revision. */
export interface FactsPlan {
  /** Of all requests; 0: none. */
  readonly share: number
  /** Places of the segments of the path that name objects, from 0. */
  readonly idSegments: readonly number[]
  /** Somebody signs in here: the name is a fact. */
  readonly takesLogin: boolean
}

/** `share` is that of the route. */
export function compileFacts(route: Pick<Route, 'path' | 'methods'>, share: number): FactsPlan {
  const segments = route.path.slice(1).split('/')
  const posts = route.methods.length === 0 || route.methods.some((method) => method === 'POST' || method === 'PUT')
  return {
    share,
    idSegments: segments.flatMap((segment, index) => (/^\{[^{}*]+\}$/.test(segment) ? [index] : [])),
    takesLogin: posts && segments.some((segment) => loginSegments.test(segment) || segment.includes('*')),
  }
}

const loginSegments =
  /^(?:log-?in|sign-?in|sessions?|tokens?|authenticate|auth|password(?:-reset)?|users?|register|sign-?up)$/i

/** The segments of a path at these places, decoded as far as they can be. */
export function segmentsOf(path: string, places: readonly number[]): readonly string[] {
  if (places.length === 0) return []
  const segments = path.slice(1).split('/')
  return places.flatMap((place) => {
    const segment = segments[place] ?? ''
    return segment === '' ? [] : [decoded(segment)]
  })
}

function decoded(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

import type { Route } from './api.ts'
import type { RolePattern } from './role.ts'

/** How much of what a route serves a pattern allows. */
export type PatternCoverage = 'all' | 'some' | 'none'

/** Whether the pattern allows this very request. `path` is canonical. */
export function patternAllows({ methods, segments }: RolePattern, method: string, path: string): boolean {
  return hasMethod(methods, method) && matches(segments, path)
}

/** Told from the template of the route alone; with `some` it takes a look at the request. */
export function patternCoverage(
  { methods, segments }: RolePattern,
  route: Pick<Route, 'methods' | 'path'>,
): PatternCoverage {
  const ofPath = pathCoverage(segments, route.path)
  const ofMethods = methodCoverage(methods, route.methods)
  if (ofPath === 'none' || ofMethods === 'none') return 'none'
  return ofPath === 'all' && ofMethods === 'all' ? 'all' : 'some'
}

/** What answers GET answers HEAD (RFC 9110 section 9.3.2), so who may GET may HEAD. */
function hasMethod(methods: readonly string[], method: string): boolean {
  return methods.length === 0 || methods.includes(method) || (method === 'HEAD' && methods.includes('GET'))
}

/** A route without methods takes every one. */
function methodCoverage(methods: readonly string[], served: readonly string[]): PatternCoverage {
  if (methods.length === 0) return 'all'
  if (served.length === 0) return 'some'
  const held = served.filter((method) => hasMethod(methods, method))
  if (held.length === served.length) return 'all'
  // A route for GET serves HEAD too.
  return held.length > 0 || (served.includes('GET') && methods.includes('HEAD')) ? 'some' : 'none'
}

/** Walks along the path, without taking it apart. */
function matches(segments: readonly string[], path: string): boolean {
  let from = 1
  for (const segment of segments) {
    if (segment === '**') return true
    if (from > path.length) return false
    const slash = path.indexOf('/', from)
    const end = slash === -1 ? path.length : slash
    const isHere = segment === '*' ? end > from : end - from === segment.length && path.startsWith(segment, from)
    if (!isHere) return false
    from = end + 1
  }
  // `from` is two behind the end when the path ended with the last segment, and one behind it when a slash follows.
  return from > path.length
}

/** The template's own segments: `{id}` is any one that is not empty, `{rest*}` whatever follows. */
function pathCoverage(segments: readonly string[], template: string): PatternCoverage {
  const served = template.slice(1).split('/')
  let coverage: PatternCoverage = 'all'
  for (const [i, segment] of segments.entries()) {
    if (segment === '**') return coverage
    const theirs = served[i]
    if (theirs === undefined) return 'none'
    if (isRest(theirs, i === served.length - 1)) return 'some'
    const isParameter = /^\{[^{}*]+\}$/.test(theirs)
    if (isParameter) coverage = segment === '*' ? coverage : segment === '' ? 'none' : 'some'
    else if (segment === '*' ? theirs === '' : theirs !== segment) return 'none'
    if (coverage === 'none') return 'none'
  }
  return served.length === segments.length ? coverage : 'none'
}

function isRest(segment: string, isLast: boolean): boolean {
  return isLast && /^\{[^{}*]+\*\}$/.test(segment)
}

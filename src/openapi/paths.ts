import { decoded } from './values.ts'

/** A path template of a document, such as `/orders/{id}`. */
export interface PathTemplate<T> {
  readonly path: string
  readonly value: T
}

interface Compiled<T> {
  readonly value: T
  readonly segments: readonly (string | { readonly pattern: RegExp; readonly names: readonly string[] })[]
  readonly rank: string
}

/** Which template a path fits, and its parameters as they were sent. What is written out goes before parameters (OAS 3). */
export type PathFinder<T> = (
  path: string,
) => { readonly value: T; readonly pairs: readonly (readonly [string, string])[] } | null

/** Compiles the templates of a document. */
export function compilePaths<T>(templates: readonly PathTemplate<T>[]): PathFinder<T> {
  const literal = new Map<string, T>()
  const bySize = new Map<number, Compiled<T>[]>()
  for (const template of templates) {
    if (!template.path.includes('{')) {
      literal.set(template.path, template.value)
      continue
    }
    const one = compiled(template)
    const same = bySize.get(one.segments.length)
    if (same === undefined) bySize.set(one.segments.length, [one])
    else same.push(one)
  }
  for (const list of bySize.values()) list.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
  return (path) => {
    const exact = literal.get(path)
    if (exact !== undefined) return { value: exact, pairs: [] }
    const segments = path.split('/')
    for (const one of bySize.get(segments.length) ?? []) {
      const pairs = matched(one, segments)
      if (pairs !== null) return { value: one.value, pairs }
    }
    return null
  }
}

function compiled<T>({ path, value }: PathTemplate<T>): Compiled<T> {
  const segments = path.split('/').map((segment) => {
    if (!segment.includes('{')) return segment
    const names: string[] = []
    const source = segment.split(/(\{[^{}]*\})/).map((part) => {
      if (!part.startsWith('{')) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
      names.push(part.slice(1, -1))
      return '(.+?)'
    })
    return { pattern: new RegExp(`^${source.join('')}$`, 's'), names }
  })
  return {
    value,
    segments,
    rank: segments
      .map((segment) => (typeof segment === 'string' ? '0' : segment.names.length > 1 ? '1' : '2'))
      .join(''),
  }
}

function matched<T>({ segments }: Compiled<T>, path: readonly string[]): readonly (readonly [string, string])[] | null {
  const pairs: (readonly [string, string])[] = []
  for (const [at, segment] of segments.entries()) {
    const given = path[at] ?? ''
    if (typeof segment === 'string') {
      if (segment !== given && segment !== decoded(given)) return null
      continue
    }
    const found = segment.pattern.exec(given)
    if (found === null) return null
    for (const [index, name] of segment.names.entries()) pairs.push([name, found[index + 1] ?? ''])
  }
  return pairs
}

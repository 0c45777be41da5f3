import type { MethodTable } from './method-table.ts'
import type { Segment } from './template.ts'

/** All templates of one host: a tree over their segments, and those without parameters by their whole path too. */
export interface PathTable {
  readonly root: Node
  readonly literals: Map<string, MethodTable>
}

/** A place in the tree: what may stand behind the slashes so far. */
interface Node {
  readonly literals: Map<string, Node>
  param: Node | null
  /** Templates that end with `{rest*}` here. */
  rest: MethodTable | null
  /** Templates that end here. */
  end: MethodTable | null
}

export function createPathTable(): PathTable {
  return { root: createNode(), literals: new Map() }
}

function createNode(): Node {
  return { literals: new Map(), param: null, rest: null, end: null }
}

/** The methods of a template of that shape, made by `create` when it is the first one. */
export function templateAt(table: PathTable, segments: readonly Segment[], create: () => MethodTable): MethodTable {
  let node = table.root
  for (const segment of segments) {
    if (segment.kind === 'rest') return (node.rest ??= create())
    if (segment.kind === 'param') node = node.param ??= createNode()
    else node = literalChild(node, segment.text)
  }
  node.end ??= create()
  if (segments.every((segment) => segment.kind === 'literal')) {
    table.literals.set(
      `/${segments.map((segment) => (segment.kind === 'literal' ? segment.text : '')).join('/')}`,
      node.end,
    )
  }
  return node.end
}

function literalChild(node: Node, text: string): Node {
  const found = node.literals.get(text)
  if (found !== undefined) return found
  const child = createNode()
  node.literals.set(text, child)
  return child
}

/**
 * Shows every template that matches to `take`, the most specific first, until it answers. Each node of the tree is
 * entered at most once, and never deeper than the longest template.
 */
export function visit<T>(root: Node, path: string, take: (template: MethodTable) => T | null): T | null {
  return path.startsWith('/') ? walk({ path, take }, root, 1) : null
}

interface Walk<T> {
  readonly path: string
  readonly take: (template: MethodTable) => T | null
}

/** `from` is the place behind a slash. */
function walk<T>(way: Walk<T>, node: Node, from: number): T | null {
  const slash = way.path.indexOf('/', from)
  const segment = slash === -1 ? way.path.slice(from) : way.path.slice(from, slash)
  const literal = node.literals.get(segment)
  return (
    (literal === undefined ? null : below(way, literal, slash)) ??
    (node.param === null || segment === '' ? null : below(way, node.param, slash)) ??
    (node.rest === null ? null : way.take(node.rest))
  )
}

/** `slash` is where the segment that led to `node` ended, -1 for the end of the path. */
function below<T>(way: Walk<T>, node: Node, slash: number): T | null {
  if (slash !== -1) return walk(way, node, slash + 1)
  return node.end === null ? null : way.take(node.end)
}

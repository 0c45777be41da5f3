import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml'
import type { Finding, Path, Problem, ProblemCode } from './problems.ts'
import { emptyReading, extent, located, pathKey, type Place, quoted, type Reading, type Span } from './reading.ts'

/** Bounds of what is looked at, so that a hostile or mistaken file cannot hold up a reload. */
const depthMax = 32
const nodesMax = 50_000

/** What reading a text as YAML came to. */
export interface YamlRead {
  readonly reading: Reading
  readonly problems: readonly Problem[]
  /** False when the text is no YAML at all: nothing more can be said of it. */
  readonly readable: boolean
}

/** Reads YAML 1.2 without tags of its own. A syntax error is told once: what follows from it is noise. */
export function readYaml(name: string, text: string): YamlRead {
  const counter = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error',
  })
  const places = new Map<string, Place>()
  const reading: Reading = {
    ...emptyReading(name, null),
    lines: text.split(/\r\n|\n|\r/),
    places,
    position: (offset) => {
      const { line, col } = counter.linePos(Math.min(offset, text.length))
      return { line: Math.max(line, 1), column: Math.max(col, 1) }
    },
  }
  const broken = document.errors.find((error) => error.code !== 'DUPLICATE_KEY')
  if (broken !== undefined) return { reading, problems: [syntaxProblem(reading, broken)], readable: false }
  const twice = document.errors.map(({ pos: [start, end] }) => duplicateKey(reading, text, { start, end }))
  const tags = document.warnings.map(({ message, pos: [start, end] }) =>
    problemAt(
      reading,
      'GH-C002',
      { start, end },
      { message: `this YAML is not understood: ${message}`, hint: 'write plain values, without tags' },
    ),
  )
  const walk: Walk = { document, places, nodes: 0, findings: [] }
  reading.tree = plain(walk, document.contents, [], null)
  return {
    reading,
    problems: [...twice, ...tags, ...walk.findings.map((finding) => located(reading, finding))],
    readable: walk.findings.length === 0,
  }
}

interface Walk {
  readonly document: Document.Parsed
  readonly places: Map<string, Place>
  readonly findings: Finding[]
  nodes: number
}

/** The node as plain values. Maps have no prototype, so that `__proto__` is a key like any other, and unknown. */
function plain(walk: Walk, node: Node | null, path: Path, key: Span | null): unknown {
  const target = isAlias(node) ? aliased(walk, node, path) : node
  const written = isScalar(target) && typeof target.value !== 'string' ? (target.source ?? null) : null
  walk.places.set(pathKey(path), { key, value: spanOf(node), written })
  if (path.length > depthMax || ++walk.nodes > nodesMax) return tooMuch(walk, path)
  if (isScalar(target)) return target.value
  if (isSeq(target)) return target.items.map((item, index) => plain(walk, item as Node | null, [...path, index], null)) // parsed: items are nodes
  if (!isMap(target)) return null
  const map = Object.create(null) as Record<string, unknown> // empty, and ours
  for (const pair of target.items as Pair<Node, Node | null>[]) {
    // Parsed with `stringKeys`: every key is a scalar with a text. Of a key that stands twice, the first counts.
    const name = isScalar(pair.key) ? String(pair.key.value) : ''
    if (!Object.hasOwn(map, name)) map[name] = plain(walk, pair.value, [...path, name], spanOf(pair.key))
  }
  return map
}

function aliased(walk: Walk, alias: Alias, path: Path): Node | null {
  const target = alias.resolve(walk.document)
  if (target !== undefined) return target
  walk.findings.push({
    code: 'GH-C002',
    message: `no anchor &${alias.source} stands before this`,
    path,
    mark: 'value',
    hint: null,
  })
  return null
}

function tooMuch(walk: Walk, path: Path): null {
  const message =
    path.length > depthMax
      ? `this is nested deeper than ${depthMax} levels`
      : `the file has more than ${nodesMax} values`
  if (walk.findings.every(({ code }) => code !== 'GH-C016'))
    walk.findings.push({ code: 'GH-C016', message, path, mark: 'value', hint: null })
  return null
}

function spanOf(node: Node | null): Span | null {
  const range = node?.range
  return range === undefined || range === null || range[0] === range[1] ? null : { start: range[0], end: range[1] }
}

function problemAt(
  reading: Reading,
  code: ProblemCode,
  span: Span,
  words: { message: string; hint: string | null },
): Problem {
  return { code, ...words, path: '', ...extent(reading, span), origin: null }
}

function duplicateKey(reading: Reading, text: string, { start }: Span): Problem {
  const key = /^(?:"[^"\n]*"|'[^'\n]*'|[^\s:,{}[\]]+)/.exec(text.slice(start, start + 200))?.[0] ?? ' '
  const message = `the key ${quoted(key.replaceAll(/["']/g, ''))} stands here a second time`
  return problemAt(
    reading,
    'GH-C003',
    { start, end: start + key.length },
    { message, hint: 'join the two, or remove one' },
  )
}

/** The words of the parser, with what usually mends it. */
const remedies: Readonly<Record<string, string>> = {
  BAD_DQ_ESCAPE: 'in double quotes a backslash begins an escape; use single quotes',
  BAD_INDENT: 'keys of one map begin in the same column',
  BAD_SCALAR_START: 'put the value in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'put a value that contains ": " in quotes',
  MULTIPLE_DOCS: 'keep one document: remove the line ---',
  MULTILINE_IMPLICIT_KEY: 'a key and its : stand on one line',
  NON_STRING_KEY: 'a key is a plain word',
  TAB_AS_INDENT: 'indent with spaces',
}

function syntaxProblem(reading: Reading, error: { code: string; message: string; pos: [number, number] }): Problem {
  const [start, end] = error.pos
  const { line, column } = reading.position(start)
  const dollar = /\$\{\s*([A-Za-z_]\w*)?[^}]*\}?/.exec(reading.lines[line - 1] ?? '')
  if (dollar !== null) {
    const from = start - column + 1 + dollar.index
    const hint = `write env:${dollar[1] ?? 'NAME'}`
    return problemAt(
      reading,
      'GH-C002',
      { start: from, end: from + dollar[0].length },
      { message: 'not valid YAML: ${…} is not expanded here', hint },
    )
  }
  const message = error.code === 'MULTIPLE_DOCS' ? 'the file holds several documents' : lowered(error.message)
  return problemAt(
    reading,
    'GH-C002',
    { start, end },
    { message: `not valid YAML: ${message}`, hint: remedies[error.code] ?? null },
  )
}

function lowered(message: string): string {
  return message
    .slice(0, 200)
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())
    .replaceAll(/\s+/g, ' ')
}

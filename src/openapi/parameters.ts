import { below, DocumentError, isMap, type JsonMap, type Part, textOf } from './document.ts'
import type { Check } from './schema-engine.ts'
import type { Schemas } from './schemas.ts'
import { decoded, listOf, mapOf, scalar, type Shape, shapeOf } from './values.ts'

/** Where a parameter stands. */
export type ParameterPlace = 'path' | 'query' | 'header' | 'cookie'

type Pairs = readonly (readonly [string, string])[]

/** A parameter of an operation, compiled. */
export interface Parameter {
  readonly in: ParameterPlace
  readonly name: string
  /** The rule that it breaks, with the pointer into its value; null for none. `pairs`: what was sent in its place. */
  check(pairs: Pairs): { readonly pointer: string; readonly rule: string } | null
}

const ignoredHeaders = new Set(['accept', 'content-type', 'authorization'])
const styles: Readonly<Record<ParameterPlace, readonly string[]>> = {
  path: ['simple'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
}

/** Compiles a parameter; null for one that says nothing (OAS 3.0.3: Accept, Content-Type, Authorization). */
export function compileParameter(document: JsonMap, part: Part, schemas: Schemas): Parameter | null {
  const { pointer, value } = part
  const { name, in: place } = value
  if (typeof name !== 'string' || !isPlace(place))
    throw new DocumentError(pointer, 'is not a parameter', 'give it a name, and in: path, query, header or cookie')
  if (place === 'header' && ignoredHeaders.has(name.toLowerCase())) return null
  const style = value['style'] === undefined ? (styles[place][0] ?? '') : textOf(value['style'])
  if (!styles[place].includes(style))
    throw new DocumentError(below(pointer, 'style'), `is ${style}`, `write one of ${styles[place].join(', ')}`)
  const content = contentOf(value, pointer)
  const at = content?.pointer ?? below(pointer, 'schema')
  const schema = content === null ? (value['schema'] ?? true) : content.schema
  const shape = shapeOf(document, at, schema)
  const check = schemas.add(at, schema)
  const explode = value['explode'] === undefined ? style === 'form' : value['explode'] === true
  const rule: Reading = {
    name: place === 'header' ? name.toLowerCase() : name,
    style,
    explode,
    shape,
    isJson: content !== null,
  }
  const isRequired = value['required'] === true
  const takesEmpty = value['allowEmptyValue'] === true
  return {
    in: place,
    name,
    check: (pairs) => {
      const found = read(rule, pairs)
      if (found === undefined) return isRequired ? { pointer: '', rule: 'required' } : null
      if (found === broken) return { pointer: '', rule: 'encoding' }
      if (found === twice) return { pointer: '', rule: 'repeated' }
      if (found === '' && takesEmpty) return null
      return verdict(check, found, shape)
    },
  }
}

/** Where a text may be meant as what it reads like or as itself, either will do. */
function verdict(check: Check, value: unknown, { types }: Shape): ReturnType<Check> {
  const first = check(value)
  if (first === null || typeof value === 'string' || typeof value === 'object' || !types.has('string')) return first
  return check(JSON.stringify(value)) === null ? null : first
}

function isPlace(value: unknown): value is ParameterPlace {
  return value === 'path' || value === 'query' || value === 'header' || value === 'cookie'
}

function contentOf(value: JsonMap, pointer: string): { pointer: string; schema: unknown } | null {
  const { content } = value
  if (!isMap(content)) return null
  const [entry] = Object.entries(content)
  const [type = '', media] = entry ?? []
  if (!/^application\/(?:[\w.+-]+\+)?json/.test(type) || !isMap(media))
    throw new DocumentError(below(pointer, 'content'), 'is not JSON', 'describe the parameter by schema and style')
  return { pointer: below(pointer, 'content', type, 'schema'), schema: media['schema'] ?? true }
}

interface Reading {
  readonly name: string
  readonly style: string
  readonly explode: boolean
  readonly shape: Shape
  readonly isJson: boolean
}

const broken = Symbol('broken')
const twice = Symbol('twice')

function read(rule: Reading, pairs: Pairs): unknown {
  const { name, style, shape, explode } = rule
  if (style === 'deepObject') return deepObject(name, pairs, shape)
  const isObject = shape.types.has('object')
  if (style === 'form' && isObject && explode && !rule.isJson) {
    const own = pairs.filter(([key]) => shape.properties.has(key))
    return own.length === 0 ? undefined : mapped(own, shape)
  }
  const own = pairs.filter(([key]) => key === name)
  const [one] = own
  if (one === undefined) return undefined
  if (rule.isJson) return own.length > 1 ? twice : jsonOf(one[1])
  if (style === 'form' && explode && shape.types.has('array'))
    return listed(
      own.map(([, raw]) => raw),
      shape,
    )
  if (own.length > 1) return twice
  const separator = style === 'spaceDelimited' ? /%20| |\+/ : style === 'pipeDelimited' ? /\||%7[cC]/ : ','
  if (shape.types.has('array')) return one[1] === '' ? [] : listed(one[1].split(separator), shape)
  if (isObject) return mapped(flat(one[1].split(separator), explode), shape)
  const text = decoded(one[1])
  return text === null ? broken : scalar(text, shape)
}

function jsonOf(raw: string): unknown {
  const text = decoded(raw)
  try {
    return text === null ? broken : (JSON.parse(text) as unknown)
  } catch {
    return broken
  }
}

function listed(raws: readonly string[], shape: Shape): unknown {
  const texts = raws.map(decoded)
  return texts.includes(null) ? broken : listOf(texts as string[], shape) // none of them is null
}

function mapped(raws: Pairs, shape: Shape): unknown {
  const pairs = raws.map(([key, raw]) => [key, decoded(raw)] as const)
  if (pairs.some(([, text]) => text === null)) return broken
  return mapOf(pairs as Pairs, shape) ?? twice // none of them is null
}

/** `a,1,b,2`, or `a=1,b=2` where exploded. */
function flat(parts: readonly string[], explode: boolean): Pairs {
  if (explode)
    return parts.map((part) => {
      const at = part.indexOf('=')
      return at === -1 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
    })
  const pairs: (readonly [string, string])[] = []
  for (let i = 0; i < parts.length; i += 2) pairs.push([parts[i] ?? '', parts[i + 1] ?? ''])
  return pairs
}

function deepObject(name: string, pairs: Pairs, shape: Shape): unknown {
  const own = pairs
    .filter(([key]) => key.startsWith(`${name}[`) && key.endsWith(']'))
    .map(([key, raw]) => [key.slice(name.length + 1, -1), raw] as const)
  return own.length === 0 ? undefined : mapped(own, shape)
}

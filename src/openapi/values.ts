import { isMap, type JsonMap, partAt } from './document.ts'

/** What a schema says of how a text is to be read. */
export interface Shape {
  readonly types: ReadonlySet<string>
  readonly items: Shape | null
  readonly properties: ReadonlyMap<string, Shape>
}

const depthMax = 6

/** Read from a schema, seen through references and alternatives. */
export function shapeOf(document: JsonMap, pointer: string, schema: unknown, depth = 0): Shape {
  const types = new Set<string>()
  const properties = new Map<string, Shape>()
  let items: Shape | null = null
  const look = (at: string, value: unknown, hops: number): void => {
    if (!isMap(value) || hops > depthMax) return
    const part = partAt(document, at, value)
    const type = part.value['type']
    for (const one of Array.isArray(type) ? type : [type]) if (typeof one === 'string') types.add(one)
    if (isMap(part.value['items']) && depth < depthMax)
      items = shapeOf(document, `${part.pointer}/items`, part.value['items'], depth + 1)
    if (isMap(part.value['properties']) && depth < depthMax) {
      for (const [name, one] of Object.entries(part.value['properties']))
        properties.set(name, shapeOf(document, `${part.pointer}/properties`, one, depth + 1))
    }
    for (const key of ['allOf', 'anyOf', 'oneOf']) {
      const list = part.value[key]
      if (Array.isArray(list)) for (const one of list) look(`${part.pointer}/${key}`, one, hops + 1)
    }
  }
  look(pointer, schema, 0)
  return { types, items, properties }
}

const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** What a text means where the schema wants a number or a truth value; the text itself where it means none. */
export function scalar(text: string, { types }: Shape): unknown {
  if ((types.has('integer') || types.has('number')) && text.length <= numberCharsMax && number.test(text))
    return Number(text)
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if (types.has('null') && text === '' && !types.has('string')) return null
  return text
}

const numberCharsMax = 400
const none: Shape = { types: new Set(), items: null, properties: new Map() }

/** A list of texts as its items mean them. */
export function listOf(texts: readonly string[], shape: Shape): readonly unknown[] {
  return texts.map((text) => scalar(text, shape.items ?? none))
}

/** Names and texts in turn as the properties mean them; null where a name has no value or stands twice. */
export function mapOf(
  pairs: readonly (readonly [string, string])[],
  shape: Shape,
): Readonly<Record<string, unknown>> | null {
  // Without a prototype: a caller may name a member as he likes.
  const map: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [name, text] of pairs) {
    if (Object.hasOwn(map, name)) return null
    map[name] = scalar(text, shape.properties.get(name) ?? none)
  }
  return map
}

/** Percent-decoded; null for what is no UTF-8 in that. */
export function decoded(text: string): string | null {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** Pairs of a query or a form, names decoded, values as they were sent; null where one cannot be decoded. */
export function pairsOf(text: string, isForm: boolean): readonly (readonly [string, string])[] | null {
  const pairs: (readonly [string, string])[] = []
  for (const part of text === '' ? [] : text.split('&')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const [rawName, rawValue] = at === -1 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
    const name = decoded(isForm || rawName.includes('+') ? rawName.replaceAll('+', ' ') : rawName)
    if (name === null) return null
    pairs.push([name, rawValue.includes('+') ? rawValue.replaceAll('+', ' ') : rawValue])
  }
  return pairs
}

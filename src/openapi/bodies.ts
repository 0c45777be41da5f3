import { below, isMap, type JsonMap, membersOf } from './document.ts'
import type { Check } from './schema-engine.ts'
import type { Schemas } from './schemas.ts'
import { decoded, listOf, pairsOf, scalar, type Shape, shapeOf } from './values.ts'

/** What a body breaks; null for nothing. */
export type BodyCheck = (contentType: string | null, body: Uint8Array) => { pointer: string; rule: string } | null

interface Media {
  /** `application/json`, `application/*`, or `*` for both. */
  readonly type: string
  readonly kind: 'json' | 'form' | 'text' | 'opaque'
  readonly check: Check | null
  readonly shape: Shape
}

/** Compiles a map of media types: the most exact one that fits decides; a type that none fits breaks `contentType`. */
export function compileBody(
  document: JsonMap,
  content: { pointer: string; value: unknown },
  schemas: Schemas,
): BodyCheck {
  const medias = membersOf(content.value, content.pointer)
    .map(([type, media]) => mediaOf(document, { type, pointer: below(content.pointer, type), media }, schemas))
    .toSorted((a, b) => exactness(b.type) - exactness(a.type))
  return (contentType, body) => {
    const type = essenceOf(contentType)
    const media = medias.find((one) => fits(one.type, type))
    if (media === undefined) return { pointer: '', rule: 'contentType' }
    if (media.check === null) return null
    // A wildcard may describe what turns out to be JSON.
    const kind = media.kind === 'opaque' && media.type.includes('*') ? kindOf(type) : media.kind
    if (kind === 'opaque') return null
    const value = valueOf(kind, body, media.shape)
    return value === broken ? { pointer: '', rule: kind === 'json' ? 'json' : 'encoding' } : media.check(value)
  }
}

/** The media type without parameters, in lower case; '' for none. */
export function essenceOf(contentType: string | null): string {
  if (contentType === null) return ''
  const at = contentType.indexOf(';')
  return (at === -1 ? contentType : contentType.slice(0, at)).trim().toLowerCase()
}

/** Whether a media type is JSON (RFC 8259, RFC 6839). */
export function isJsonType(essence: string): boolean {
  return essence === 'application/json' || essence.endsWith('+json') || essence === 'text/json'
}

function mediaOf(
  document: JsonMap,
  { type, pointer, media }: { type: string; pointer: string; media: unknown },
  schemas: Schemas,
): Media {
  const essence = essenceOf(type)
  const schema = isMap(media) ? media['schema'] : undefined
  const at = below(pointer, 'schema')
  return {
    type: essence,
    kind: kindOf(essence),
    check: schema === undefined ? null : schemas.add(at, schema),
    shape: shapeOf(document, at, schema),
  }
}

function kindOf(essence: string): Media['kind'] {
  if (isJsonType(essence)) return 'json'
  if (essence === 'application/x-www-form-urlencoded') return 'form'
  return essence.startsWith('text/') ? 'text' : 'opaque'
}

function exactness(type: string): number {
  return type.startsWith('*') ? 0 : type.endsWith('/*') ? 1 : 2
}

function fits(pattern: string, type: string): boolean {
  if (pattern === '*/*' || pattern === type) return true
  return pattern.endsWith('/*') && type.startsWith(pattern.slice(0, -1))
}

const broken = Symbol('broken')
const utf8 = new TextDecoder('utf-8', { fatal: true })

function valueOf(kind: 'json' | 'form' | 'text', body: Uint8Array, shape: Shape): unknown {
  try {
    const text = utf8.decode(body)
    if (kind === 'text') return text
    return kind === 'json' ? (JSON.parse(text) as unknown) : formOf(text, shape)
  } catch {
    return broken
  }
}

/** Each field as its property means it: a list from all of its values, anything else from one. */
function formOf(text: string, shape: Shape): unknown {
  const raw = pairsOf(text, true)
  if (raw === null) return broken
  const byName = new Map<string, string[]>()
  for (const [name, rawValue] of raw) {
    const value = decoded(rawValue)
    if (value === null) return broken
    const values = byName.get(name)
    if (values === undefined) byName.set(name, [value])
    else values.push(value)
  }
  const form: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [name, values] of byName) {
    const own = shape.properties.get(name)
    const isList = own?.types.has('array') === true
    if (values.length > 1 && !isList) return broken
    form[name] = own === undefined ? values[0] : isList ? listOf(values, own) : scalar(values[0] ?? '', own)
  }
  return form
}

import { below, DocumentError, isMap, type JsonMap, partAt, textOf, valueOf } from './document.ts'
import { compileSchemas, type Check } from './schema-engine.ts'

/** Whether what is looked at goes to the API or comes from it: `readOnly` and `writeOnly` mean something else in each. */
export type Direction = 'request' | 'response'

/**
 * The schemas of a document in one direction, gathered first and compiled together, so that each is compiled once and one may
 * contain itself. OpenAPI 3.0 is turned into JSON Schema 2020-12, which is what OpenAPI 3.1 speaks.
 */
export class Schemas {
  readonly #document: JsonMap
  readonly #isOld: boolean
  readonly #direction: Direction
  readonly #names = new Map<string, string>()
  readonly #converted: Record<string, unknown> = {}
  #checks: ReadonlyMap<string, Check> | null = null

  constructor(document: JsonMap, direction: Direction) {
    this.#document = document
    this.#isOld = textOf(document['openapi']).startsWith('3.0')
    this.#direction = direction
  }

  /** The check of the schema at a pointer; it may be called once `compile` was. */
  add(pointer: string, value: unknown): Check {
    const name = this.#nameOf(pointer, value)
    let check: Check | null = null
    return (data) => {
      check ??= this.#checks?.get(name) ?? never
      return check(data)
    }
  }

  /** Compiles all that were added. */
  compile(): void {
    this.#checks = compileSchemas(this.#converted, new Map([...this.#names].map(([pointer, name]) => [name, pointer])))
  }

  #nameOf(pointer: string, value: unknown): string {
    const known = this.#names.get(pointer)
    if (known !== undefined) return known
    const name = `s${this.#names.size}`
    this.#names.set(pointer, name)
    this.#converted[name] = this.#convert(pointer, value)
    return name
  }

  #convert(pointer: string, value: unknown): unknown {
    if (typeof value === 'boolean') return value
    if (!isMap(value)) throw new DocumentError(pointer, 'is not a schema', 'write its keywords below it')
    const reference = value['$ref']
    if (reference !== undefined) {
      const ref = { $ref: `#/$defs/${this.#nameOf(textOf(reference), valueOf(this.#document, reference, pointer))}` }
      // In 3.0 what stands beside a reference means nothing.
      if (this.#isOld || Object.keys(value).length === 1) return ref
      return { allOf: [ref, this.#convert(pointer, { ...value, $ref: undefined })] }
    }
    const out: Record<string, unknown> = {}
    for (const [key, member] of Object.entries(value)) {
      if (member === undefined || annotations.has(key) || key.startsWith('x-')) continue
      out[key] = this.#keyword(below(pointer, key), key, member)
    }
    if (isMap(value['properties'])) this.#byDirection(pointer, value['properties'], out)
    return this.#isOld ? modern(value, out) : out
  }

  #keyword(pointer: string, key: string, member: unknown): unknown {
    if (refused.has(key))
      throw new DocumentError(
        pointer,
        `uses ${key}, which is not supported`,
        'name what is meant with a $ref by pointer',
      )
    if (schemaKeys.has(key)) return this.#convert(pointer, member)
    if (schemaLists.has(key) && Array.isArray(member))
      return member.map((one, at) => this.#convert(below(pointer, at), one))
    if (schemaMaps.has(key) && isMap(member))
      return Object.fromEntries(
        Object.entries(member).map(([name, one]) => [name, this.#convert(below(pointer, name), one)]),
      )
    if (key === 'items') return this.#convert(pointer, member)
    return member
  }

  /** What is only read may be missing in a request, and what is only written must not come back in an answer. */
  #byDirection(pointer: string, properties: JsonMap, out: Record<string, unknown>): void {
    const mark = this.#direction === 'request' ? 'readOnly' : 'writeOnly'
    const marked = Object.entries(properties)
      .filter(([name, one]) => this.#isMarked(below(pointer, 'properties', name), one, mark))
      .map(([name]) => name)
    if (marked.length === 0) return
    if (Array.isArray(out['required']))
      out['required'] = out['required'].filter((name) => !marked.includes(textOf(name)))
    if (mark === 'writeOnly' && isMap(out['properties']))
      out['properties'] = { ...out['properties'], ...Object.fromEntries(marked.map((name) => [name, false])) }
  }

  #isMarked(pointer: string, schema: unknown, mark: string): boolean {
    return isMap(schema) && partAt(this.#document, pointer, schema).value[mark] === true
  }
}

/** Says nothing is wrong; asked only by mistake, before anything was compiled. */
const never: Check = () => {
  throw new Error('The schemas are not compiled')
}

/** The words of 3.0 that mean something else in JSON Schema 2020-12. */
function modern(value: JsonMap, out: Record<string, unknown>): unknown {
  for (const [limit, flag] of [
    ['maximum', 'exclusiveMaximum'],
    ['minimum', 'exclusiveMinimum'],
  ] as const) {
    if (value[flag] === true) {
      out[flag] = value[limit]
      delete out[limit]
    } else delete out[flag]
  }
  delete out['nullable']
  // As OAS 3.0.3 says: it adds null to the type, and means nothing where there is none. An enum still names all there is.
  if (value['nullable'] === true && typeof value['type'] === 'string') out['type'] = [value['type'], 'null']
  return out
}

const schemaKeys = new Set([
  'not',
  'if',
  'then',
  'else',
  'contains',
  'propertyNames',
  'additionalProperties',
  'unevaluatedItems',
  'unevaluatedProperties',
])
const schemaLists = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const schemaMaps = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs'])
/** Names of other documents and moving targets: a gateway loads nothing, and follows pointers alone. */
const refused = new Set(['$dynamicRef', '$dynamicAnchor', '$anchor', '$id', '$recursiveRef', '$recursiveAnchor'])
/** Says something to people or generators, and decides nothing. */
const annotations = new Set([
  '$comment',
  '$schema',
  'contentEncoding',
  'contentMediaType',
  'contentSchema',
  'default',
  'deprecated',
  'description',
  'discriminator',
  'example',
  'examples',
  'externalDocs',
  'readOnly',
  'title',
  'writeOnly',
  'xml',
])

import type * as ajvModule from 'ajv/dist/2020.js'
import { createRequire } from 'node:module'
import { DocumentError } from './document.ts'

/** What a value breaks, at the first place where it does: a pointer into it (RFC 6901) and the keyword. Null: nothing. */
export type Check = (data: unknown) => { readonly pointer: string; readonly rule: string } | null

type Engine = typeof ajvModule
/** As far as it is used: its own types do not know how Node loads it. */
interface Formats {
  default(engine: InstanceType<Engine['Ajv2020']>): unknown
}

/**
 * Compiles schemas that may name each other by `#/$defs/<name>`. The validator (ajv) makes code of them; it is loaded here and
 * not before, because it takes longer than all else of a start, and most have no contract.
 */
export function compileSchemas(
  schemas: Readonly<Record<string, unknown>>,
  pointers: ReadonlyMap<string, string>,
): ReadonlyMap<string, Check> {
  const load = createRequire(import.meta.url)
  // Types of the packages themselves.
  const { Ajv2020 } = load('ajv/dist/2020.js') as Engine
  const formats = load('ajv-formats') as Formats
  const ajv = new Ajv2020({ strict: false, allErrors: false, logger: false, validateSchema: true, ownProperties: true })
  formats.default(ajv)
  for (const [name, schema] of Object.entries(schemas)) {
    if (ajv.validateSchema(schema as object | boolean) === true) continue // made by our own conversion
    const [error] = ajv.errors ?? []
    throw faultOf(`${pointers.get(name) ?? '#'}${error?.instancePath ?? ''}`, error?.message)
  }
  const id = 'gatehouse:contract'
  ajv.addSchema({ $id: id, $defs: schemas })
  return new Map(Object.keys(schemas).map((name) => [name, checkOf(ajv, `${id}#/$defs/${name}`, pointers.get(name))]))
}

function checkOf(ajv: InstanceType<Engine['Ajv2020']>, id: string, pointer: string | undefined): Check {
  let validate: ReturnType<typeof ajv.getSchema>
  try {
    validate = ajv.getSchema(id)
  } catch (error) {
    throw faultOf(pointer ?? '#', error instanceof Error ? error.message : undefined)
  }
  if (validate === undefined) throw faultOf(pointer ?? '#', undefined)
  const compiled = validate
  return (data) => {
    if (compiled(data) === true) return null
    const [error] = compiled.errors ?? []
    return { pointer: error?.instancePath ?? '', rule: error?.keyword ?? 'schema' }
  }
}

function faultOf(pointer: string, why: string | undefined): DocumentError {
  return new DocumentError(pointer, `cannot be compiled: ${why ?? 'it is no schema'}`, 'mend the schema there')
}

import * as z from 'zod'
import { type JsonSchema, referenceSchema } from './kinds.ts'
import type { Path } from './problems.ts'
import { fileSchema } from './schema.ts'

/**
 * JSON Schema (2020-12) of gatehouse.yaml for editors and CI. The file schema.json is `JSON.stringify(jsonSchema(), null, 2)`
 * and a line feed. It is as strict as the parser about structure; what crosses keys, only the parser knows.
 */
export function jsonSchema(): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(fileSchema, { io: 'input' })
  return {
    $schema,
    title: 'Gatehouse configuration',
    description: 'gatehouse.yaml, version 1',
    ...rest,
    $defs: { reference: referenceSchema },
  }
}

/** The schema as a tree that can be asked: which keys stand at a place, which scalars are there. */
export interface SchemaMap {
  /** Keys that are known at this place, null where it is no map of fixed keys. */
  keysAt(path: Path): readonly string[] | null
  /** Paths of all values that are neither maps nor lists, for these names of APIs. */
  scalars(apis: readonly string[]): readonly Path[]
}

let shared: JsonSchema | null = null

/** The map of the file's own schema. */
export function openSchemaMap(): SchemaMap {
  // Made once: it never changes, and takes longer than to check a file.
  const root: unknown = (shared ??= jsonSchema())
  return {
    keysAt: (path) => {
      let node = root
      for (const step of path) node = below(node, step)
      const keys = Object.keys(record(record(node)['properties']))
      return keys.length === 0 ? null : keys
    },
    scalars: (apis) => scalarsIn(root, [], apis),
  }
}

function below(node: unknown, step: string | number): unknown {
  const { properties, additionalProperties, items } = record(node)
  if (typeof step === 'number') return items
  return Object.hasOwn(record(properties), step) ? record(properties)[step] : additionalProperties
}

function scalarsIn(node: unknown, path: Path, apis: readonly string[]): readonly Path[] {
  const { type, properties, additionalProperties } = record(node)
  if (type === 'array') return []
  if (type !== 'object') return [path]
  const fixed = Object.entries(record(properties)).flatMap(([key, child]) => scalarsIn(child, [...path, key], apis))
  // Of maps by name only those of APIs are overridden by variables: no other names are known here.
  if (typeof additionalProperties !== 'object' || path[0] !== 'apis') return fixed
  return [...fixed, ...apis.flatMap((name) => scalarsIn(additionalProperties, [...path, name], apis))]
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  // Any object may be read by its keys; what comes out is looked at again.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

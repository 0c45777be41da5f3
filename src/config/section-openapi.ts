import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod'
import { type ContractRules, hasCode, type JsonRules, messageOf } from '../core/mod.ts'
import { compileContract, DocumentError } from '../openapi/mod.ts'
import { bad, choiceKind, good, integerKind, type Kind, leaf, optional, section, setting } from './kinds.ts'
import { sizeKind } from './measures.ts'
import type { Finding } from './problems.ts'

/** `openapi:` of an API */
export interface OpenapiSection {
  readonly file: string
  readonly requests: ContractRules['requests']
  readonly responses: ContractRules['responses']
  readonly unknownPaths: ContractRules['unknownPaths']
  readonly bodyMax: number
}

/** `json:` of an API */
export interface JsonSection {
  readonly depthMax: number
  readonly membersMax: number | null
  readonly stringMax: number | null
  readonly duplicateKeys: JsonRules['duplicateKeys']
  readonly protoKeys: JsonRules['protoKeys']
  readonly bodyMax: number
  readonly larger: JsonRules['larger']
}

const fileKind: Kind<string> = {
  schema: { type: 'string', minLength: 1, maxLength: 1024 },
  read: (value) =>
    typeof value === 'string' && value !== '' && value.length <= 1024
      ? good(value)
      : bad('GH-C006', 'is not a file', 'name the OpenAPI document: ./orders.yaml'),
}

const modes = choiceKind('off', 'report', 'refuse')

/** The section; null when it is left out. */
export const openapiSchema: z.ZodType<OpenapiSection | null> = optional(
  z.strictObject({
    file: leaf(fileKind).describe(
      'An OpenAPI document of version 3.0 or 3.1, in YAML or JSON; a path from the folder of this file. It is read when this file is',
    ),
    requests: setting(modes, 'report', 'Requests that do not fit: recorded, or refused with 400 and what does not fit'),
    responses: setting(
      modes,
      'off',
      'Answers that do not fit: recorded, or replaced by 502. Answers are held whole for it, up to bodyMax; not for streams',
    ),
    unknownPaths: setting(
      choiceKind('allow', 'report', 'refuse'),
      'report',
      'Requests for a path or method that the document does not have: recorded, or refused with 404',
    ),
    bodyMax: setting(sizeKind('1kb', '64mb'), '1mb', 'Largest body that is checked; a larger one does not fit'),
  }),
  'An OpenAPI document that requests and answers are held to; none when left out',
)

const count = integerKind(1, 100_000_000)

/** The section, which has a bound of depth when it is left out. */
export const jsonSchemaOfApi: z.ZodType<JsonSection> = section(
  z.strictObject({
    depthMax: setting(integerKind(1, 10_000), 128, 'Maps and lists within each other'),
    membersMax: optional(leaf(count), 'Members and items, all together; not bounded when left out'),
    stringMax: optional(leaf(sizeKind('1b', '64mb')), 'Longest text or name; not bounded when left out'),
    duplicateKeys: setting(choiceKind('allow', 'refuse'), 'allow', 'Names that stand twice in one map'),
    protoKeys: setting(choiceKind('allow', 'refuse'), 'allow', '__proto__, and prototype within constructor, as names'),
    bodyMax: setting(sizeKind('1kb', '64mb'), '1mb', 'Bodies up to this size are looked at'),
    larger: setting(choiceKind('allow', 'refuse'), 'allow', 'JSON bodies that are larger'),
  }),
  'What JSON bodies of requests may hold, whatever they mean; what breaks a bound is refused with 400',
)

/** Documents by the name that the configuration has for them. */
export type Documents = ReadonlyMap<string, unknown>

const documentBytesMax = 4 * 1024 * 1024

/** Reads and compiles the documents of all APIs once, to tell what is wrong with them. `path`: of the configuration. */
export function readDocuments(
  apis: Readonly<Record<string, { readonly openapi: OpenapiSection | null }>>,
  path: string | null,
): { readonly documents: Documents; readonly findings: readonly Finding[] } {
  const documents = new Map<string, unknown>()
  const findings: Finding[] = []
  for (const [name, { openapi }] of Object.entries(apis)) {
    if (openapi === null || documents.has(openapi.file)) continue
    const found = readDocument(resolve(path === null ? '.' : dirname(path), openapi.file))
    if (found.fault === null) documents.set(openapi.file, found.document)
    else findings.push({ code: 'GH-C017', path: ['apis', name, 'openapi', 'file'], mark: 'value', ...found.fault })
  }
  return { documents, findings }
}

type DocumentRead =
  | { readonly document: unknown; readonly fault: null }
  | { readonly fault: { readonly message: string; readonly hint: string | null } }

function readDocument(file: string): DocumentRead {
  try {
    if (statSync(file).size > documentBytesMax)
      return {
        fault: { message: 'the OpenAPI document is larger than 4mb', hint: 'leave out examples, or split the API' },
      }
    // Aliases are written out in JSON: a few could mean more than memory holds.
    const document: unknown = JSON.parse(JSON.stringify(parse(readFileSync(file, 'utf8'), { maxAliasCount: 1000 })))
    compileContract(document)
    return { document, fault: null }
  } catch (error) {
    if (error instanceof DocumentError)
      return { fault: { message: `${error.pointer} of the OpenAPI document ${error.message}`, hint: error.remedy } }
    if (hasCode(error, 'ENOENT'))
      return {
        fault: {
          message: 'the OpenAPI document does not exist',
          hint: 'name it from the folder of this file: ./orders.yaml',
        },
      }
    return {
      fault: { message: `the OpenAPI document cannot be read: ${messageOf(error).split('\n')[0] ?? ''}`, hint: null },
    }
  }
}

/** The rules as the gate takes them. */
export function composeContract(openapi: OpenapiSection | null, documents: Documents): ContractRules | null {
  if (openapi === null) return null
  const { file, requests, responses, unknownPaths, bodyMax } = openapi
  return { requests, responses, unknownPaths, bodyBytesMax: bodyMax, document: documents.get(file) ?? null }
}

/** The same of what JSON may hold. */
export function composeJson(json: JsonSection): JsonRules {
  const { stringMax, bodyMax, ...rest } = json
  return { ...rest, stringBytesMax: stringMax, bodyBytesMax: bodyMax }
}

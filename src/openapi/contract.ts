import { type BodyCheck, compileBody } from './bodies.ts'
import { below, DocumentError, isMap, type JsonMap, membersOf, type Part, partAt, textOf } from './document.ts'
import { compileParameter, type Parameter } from './parameters.ts'
import { compilePaths, type PathFinder } from './paths.ts'
import { Schemas } from './schemas.ts'
import { pairsOf } from './values.ts'

/** One thing that a message breaks: where, and which rule. Never a value. */
export interface Violation {
  readonly in: 'path' | 'query' | 'header' | 'cookie' | 'body'
  /** The parameter, or a pointer into the body (RFC 6901). */
  readonly at: string
  /** A keyword of JSON Schema, or `required`, `encoding`, `repeated`, `contentType`, `json`, `tooLarge`, `status`. */
  readonly rule: string
}

/** What of a request its contract looks at. */
export interface AskedMessage {
  readonly query: string
  /** Lower-case names and values in turn. */
  readonly headers: readonly string[]
}

/** An operation that a request asks for. */
export interface Operation {
  /** Whether a body may be there to be checked. */
  readonly takesBody: boolean
  checkHead(message: AskedMessage): readonly Violation[]
  /** `body` null: there is none. */
  checkBody(contentType: string | null, body: Uint8Array | null): readonly Violation[]
  /** Whether the body of an answer with this status is looked at. */
  looksAt(status: number): boolean
  checkAnswer(answer: { status: number; contentType: string | null; body: Uint8Array }): readonly Violation[]
}

/** A document, compiled: it is only read from then on. */
export interface Contract {
  /** Null for a path or a method that the document does not have. */
  find(method: string, path: string): Operation | null
}

/** Told of each violation list at most this many. */
export const violationsMax = 10

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const

interface Compiled {
  readonly parameters: readonly Parameter[]
  readonly body: { readonly isRequired: boolean; readonly check: BodyCheck } | null
  readonly answers: ReadonlyMap<string, BodyCheck | null>
}

/** Compiles an OpenAPI document of version 3.0 or 3.1; throws a `DocumentError` that names the place for one that cannot be. */
export function compileContract(document: unknown): Contract {
  if (!isMap(document)) throw new DocumentError('#', 'is not a map', 'name an OpenAPI document')
  if (!/^3\.[01](?:\.|$)/.test(textOf(document['openapi'])))
    throw new DocumentError('#/openapi', 'is not 3.0 or 3.1', 'convert the document to OpenAPI 3.1')
  const [request, response] = [new Schemas(document, 'request'), new Schemas(document, 'response')]
  const base = basePath(document)
  const templates = membersOf(document['paths'], '#/paths').map(([path, item]) => {
    const at = below('#/paths', path)
    if (!path.startsWith('/'))
      throw new DocumentError(at, 'does not begin with a slash', 'write the path as /orders/{id}')
    return { path: `${base}${path}`, value: compileItem({ document, request, response }, partAt(document, at, item)) }
  })
  request.compile()
  response.compile()
  return contractOf(compilePaths(templates))
}

/** The path of the first server, without variables, which stands before all paths. */
function basePath(document: JsonMap): string {
  const servers = document['servers']
  const url = Array.isArray(servers) && isMap(servers[0]) ? textOf(servers[0]['url']) : ''
  const path = /^(?:[a-z][a-z\d+.-]*:\/\/[^/]*)?(\/[^?#{}]*)?$/i.exec(url)?.[1] ?? ''
  return path.endsWith('/') ? path.slice(0, -1) : path
}

interface Making {
  readonly document: JsonMap
  readonly request: Schemas
  readonly response: Schemas
}

function compileItem(making: Making, item: Part): ReadonlyMap<string, Compiled> {
  const found = new Map<string, Compiled>()
  const shared = parametersOf(making, item)
  for (const method of methods) {
    const value = item.value[method]
    if (value === undefined) continue
    found.set(
      method.toUpperCase(),
      compileOperation(making, partAt(making.document, below(item.pointer, method), value), shared),
    )
  }
  return found
}

function compileOperation(making: Making, operation: Part, shared: readonly Parameter[]): Compiled {
  const { document, request, response } = making
  const own = parametersOf(making, operation)
  const isOwn = (one: Parameter): boolean => own.some((other) => other.name === one.name && other.in === one.in)
  const asked = operation.value['requestBody']
  const body = asked === undefined ? null : partAt(document, below(operation.pointer, 'requestBody'), asked)
  const responsesAt = below(operation.pointer, 'responses')
  const answers = membersOf(operation.value['responses'], responsesAt)
    .filter(([status]) => !status.startsWith('x-'))
    .map(([status, one]) => {
      const part = partAt(document, below(responsesAt, status), one)
      const content = { pointer: below(part.pointer, 'content'), value: part.value['content'] }
      return [
        status.toUpperCase(),
        content.value === undefined ? null : compileBody(document, content, response),
      ] as const
    })
  return {
    parameters: [...shared.filter((one) => !isOwn(one)), ...own],
    body:
      body === null
        ? null
        : {
            isRequired: body.value['required'] === true,
            check: compileBody(
              document,
              { pointer: below(body.pointer, 'content'), value: body.value['content'] },
              request,
            ),
          },
    answers: new Map(answers),
  }
}

function parametersOf({ document, request }: Making, { pointer, value }: Part): readonly Parameter[] {
  const list = value['parameters'] ?? []
  const at = below(pointer, 'parameters')
  if (!Array.isArray(list)) throw new DocumentError(at, 'is not a list', 'begin each parameter with a dash')
  return list.flatMap(
    (one, index) => compileParameter(document, partAt(document, below(at, index), one), request) ?? [],
  )
}

function contractOf(paths: PathFinder<ReadonlyMap<string, Compiled>>): Contract {
  return {
    find: (method, path) => {
      const found = paths(path)
      const operation = found?.value.get(method) ?? (method === 'HEAD' ? found?.value.get('GET') : undefined)
      return found === null || operation === undefined ? null : operationOf(operation, found.pairs, method === 'HEAD')
    },
  }
}

function operationOf({ parameters, body, answers }: Compiled, path: Pairs, isHead: boolean): Operation {
  const answerOf = (status: number): BodyCheck | null | undefined =>
    answers.get(String(status)) ?? answers.get(`${Math.floor(status / 100)}XX`) ?? answers.get('DEFAULT')
  return {
    takesBody: body !== null,
    checkHead: (message) => headViolations(parameters, path, message),
    checkBody: (contentType, bytes) => {
      if (body === null) return []
      if (bytes === null) return body.isRequired ? [{ in: 'body', at: '', rule: 'required' }] : []
      return inBody(body.check(contentType, bytes))
    },
    looksAt: (status) => !isHead && status !== 204 && status !== 304 && answerOf(status) !== null,
    checkAnswer: ({ status, contentType, body: bytes }) => {
      const check = answerOf(status)
      if (check === undefined) return [{ in: 'body', at: '', rule: 'status' }]
      return check === null ? [] : inBody(check(contentType, bytes))
    },
  }
}

function inBody(found: ReturnType<BodyCheck>): readonly Violation[] {
  return found === null ? [] : [{ in: 'body', at: found.pointer, rule: found.rule }]
}

type Pairs = readonly (readonly [string, string])[]

function headViolations(
  parameters: readonly Parameter[],
  path: Pairs,
  { query, headers }: AskedMessage,
): readonly Violation[] {
  const asked = pairsOf(query, false)
  if (asked === null) return [{ in: 'query', at: '', rule: 'encoding' }]
  const fields = fieldPairs(headers)
  const sources = { path, query: asked, header: fields, cookie: cookiesOf(fields) }
  const found: Violation[] = []
  for (const parameter of parameters) {
    const broken = parameter.check(sources[parameter.in])
    if (broken !== null) found.push({ in: parameter.in, at: `${parameter.name}${broken.pointer}`, rule: broken.rule })
    if (found.length === violationsMax) break
  }
  return found
}

/** Fields of one name count as one, as RFC 9110 5.3 has it. Percent signs in them mean themselves. */
function fieldPairs(headers: readonly string[]): Pairs {
  const fields = new Map<string, string>()
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i] ?? '', (headers[i + 1] ?? '').replaceAll('%', '%25')]
    const before = fields.get(name)
    fields.set(name, before === undefined ? value : `${before},${value}`)
  }
  return [...fields]
}

function cookiesOf(fields: Pairs): Pairs {
  const cookie = fields.find(([name]) => name === 'cookie')?.[1] ?? ''
  return cookie.split(';').flatMap((pair): Pairs => {
    const at = pair.indexOf('=')
    return at === -1 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()]]
  })
}

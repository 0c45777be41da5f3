import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { setTimeout as pause } from 'node:timers/promises'
import { GatehouseError, type LedgerLog, ledgerLogs } from '../../core/mod.ts'
import { parseTilePath, tileWidth } from '../../tlog/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { findRequest } from './find-request.ts'
import type { LedgerDoor } from './ledger-door.ts'
import { ProblemError, problemOf } from './problem.ts'
import { guarded, integer, json, refusals } from './route-parts.ts'
import { auditSchema } from './schemas.ts'

const tags = ['Ledger']
const logParam = z.enum(['access', 'audit']).openapi({ description: 'Which log', example: 'access' })

const text = (description: string): { description: string; content: { 'text/plain': { schema: z.ZodString } } } => ({
  description,
  content: { 'text/plain': { schema: z.string() } },
})

const checkpoint = createRoute({
  method: 'get',
  path: '/ledger/{log}/checkpoint',
  tags,
  summary: 'The newest signed checkpoint (c2sp.org/tlog-checkpoint)',
  request: { params: z.object({ log: logParam }) },
  responses: { 200: text('A signed note'), ...refusals(...guarded, 'invalid_request', 'not_found', 'unreachable') },
})

const vkey = createRoute({
  method: 'get',
  path: '/ledger/{log}/vkey',
  tags,
  summary: 'The public key of the log (c2sp.org/signed-note)',
  description: 'Keep it where nobody can change it who can change the log: it is what the log is checked with.',
  request: { params: z.object({ log: logParam }) },
  responses: { 200: text('`name+id+base64`'), ...refusals(...guarded, 'invalid_request', 'not_found', 'unreachable') },
})

const proof = createRoute({
  method: 'get',
  path: '/ledger/{log}/proof/{seq}',
  tags,
  summary: 'The proof that a record is in the log (c2sp.org/tlog-proof@v1)',
  description: 'With the record as `extra`. A record that no checkpoint covers yet is waited for, up to 3 s.',
  request: {
    params: z.object({
      log: logParam,
      seq: z
        .string()
        .regex(/^(?:0|[1-9]\d{0,15})$/, 'takes a whole number')
        .openapi({ description: 'Position in the ledger', example: '41022' }),
    }),
  },
  responses: {
    200: text('The proof'),
    ...refusals(...guarded, 'invalid_request', 'not_found', 'not_ready', 'unreachable'),
  },
})

const auditMax = 1_000
const auditDefault = 100

const listAudit = createRoute({
  method: 'get',
  path: '/v1/audit',
  tags,
  summary: 'List what was done to this Gatehouse, newest first',
  description: 'The newest records of the audit log, about 10,000, as the ledger has them: with whoever did it.',
  request: {
    query: z.strictObject({
      limit: integer(1, auditMax).optional().openapi({
        type: 'integer',
        minimum: 1,
        maximum: auditMax,
        default: auditDefault,
        description: 'Most records',
      }),
      before: integer(0, Number.MAX_SAFE_INTEGER)
        .optional()
        .openapi({ type: 'integer', description: 'Only records below this position' }),
    }),
  },
  responses: { 200: json('Records', auditSchema), ...refusals(...guarded, 'invalid_request') },
})

const requestProof = createRoute({
  method: 'get',
  path: '/v1/events/{id}/proof',
  tags: ['Events'],
  summary: 'The proof that the record of a request is in the access log (c2sp.org/tlog-proof@v1)',
  description: 'Of its terminal record, if there is one. What `gatehouse proof` writes.',
  request: { params: z.object({ id: z.string().openapi({ description: 'The request’s x-request-id' }) }) },
  responses: { 200: text('The proof'), ...refusals(...guarded, 'not_found', 'not_ready', 'unreachable') },
})

/** Adds the published logs. */
export function addLedgerRoutes(app: OpenAPIHono<AppEnv>, options: AppOptions): void {
  const { ledger } = options
  app.openapi(checkpoint, async (c) => c.text(await textOf(ledger, c.req.valid('param').log, 'checkpoint'), 200))
  app.openapi(vkey, async (c) => c.text(await textOf(ledger, c.req.valid('param').log, 'vkey'), 200))
  app.openapi(proof, async (c) => {
    const { log, seq } = c.req.valid('param')
    return c.text(await proofSoon(ledger, log, Number(seq)), 200)
  })
  app.openapi(requestProof, async (c) => {
    const { id } = c.req.valid('param')
    const request = await findRequest(id, options)
    if (request === null) throw noRecord(id)
    return c.text(await proofSoon(ledger, 'access', request.seq), 200)
  })
  app.openapi(listAudit, (c) => {
    const { limit = auditDefault, before } = c.req.valid('query')
    return c.json({ items: options.audit.list(limit, before) }, 200)
  })
  addTiles(app, ledger)
}

/** Nothing in the ledger is of this request. */
export function noRecord(id: string): GatehouseError {
  return new GatehouseError('not_found', `No record names the request ${JSON.stringify(id.slice(0, 80))}`)
}

async function textOf(ledger: LedgerDoor, log: LedgerLog, path: string): Promise<string> {
  const bytes = await ledger.ledgerFile(log, path)
  if (bytes === null) throw new GatehouseError('not_found', `The ${log} log has no ${path} yet`)
  return Buffer.from(bytes).toString('utf8')
}

const signedMs = 3_000
const lookMs = 200

/** Waits for a checkpoint that covers the record: there is a new one each second while the log grows. */
async function proofSoon(ledger: LedgerDoor, log: LedgerLog, seq: number): Promise<string> {
  const endMs = performance.now() + signedMs
  do {
    const found = await ledger.proof(log, seq)
    if (found !== null) return found
    if ((await ledger.records(log, seq, 1)).length === 0)
      throw new GatehouseError('not_found', `The ${log} log has no record ${seq}`)
    await pause(lookMs)
  } while (performance.now() < endMs)
  const detail = `No checkpoint covers record ${seq} of the ${log} log yet: ask again in a second`
  throw new ProblemError(problemOf('not_ready', detail), { 'retry-after': '1' })
}

/** For a client's own cache only: the log is not for everybody. What a full tile holds never changes. */
const immutable = 'private, max-age=604800, immutable'

/** Paths of any depth, which the framework's typed routes do not know. */
function addTiles(app: OpenAPIHono<AppEnv>, ledger: LedgerDoor): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/ledger/{log}/tile/{path}',
    tags,
    summary: 'Tiles of hashes and bundles of entries (c2sp.org/tlog-tiles)',
    description:
      'Such as `tile/0/x001/x234/067`, `tile/entries/000.p/12`. Full ones never change and may be kept; partial ones are there ' +
      'for the newest checkpoint.',
    request: { params: z.object({ log: logParam, path: z.string() }) },
    responses: {
      200: { description: 'Bytes', content: { 'application/octet-stream': { schema: z.string() } } },
      ...refusals(...guarded, 'not_found', 'unreachable'),
    },
  })
  app.get('/ledger/:log/tile/*', async (c) => {
    const log = ledgerLogs.find((one) => one === c.req.param('log'))
    const path = c.req.path.slice(`/ledger/${c.req.param('log')}/`.length)
    const width = widthOf(path)
    const bytes = log === undefined || width === null ? null : await ledger.ledgerFile(log, path)
    if (bytes === null) throw new GatehouseError('not_found', `There is nothing at ${c.req.path}`)
    const cache = width === tileWidth ? { 'cache-control': immutable } : {}
    return c.body(owned(bytes), 200, { 'content-type': 'application/octet-stream', ...cache })
  })
}

/** Null for what is not the path of a tile. */
function widthOf(path: string): number | null {
  try {
    return parseTilePath(path).width
  } catch {
    return null
  }
}

/** The framework takes no views of shared memory, as which the compiler sees any view. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

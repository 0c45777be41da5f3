import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context, Next } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { timeout } from 'hono/timeout'
import type { AppEnv, AppOptions } from './app-options.ts'
import { authorize } from './authorize.ts'
import { answerProblem, ProblemError, problemOf, problemOfError } from './problem.ts'
import { guarded, json, refusals } from './route-parts.ts'
import { addAdminRoutes } from './routes-admins.ts'
import { addCertificateRoutes } from './routes-certificates.ts'
import { addControlRoutes } from './routes-control.ts'
import { addEventRoutes } from './routes-events.ts'
import { addIncidentRoutes } from './routes-incidents.ts'
import { addLedgerRoutes } from './routes-ledger.ts'
import { addNetworkRoutes } from './routes-networks.ts'
import { addOpenRoutes } from './routes-open.ts'
import { addQueryRoutes } from './routes-query.ts'
import { addReviewRoutes } from './routes-reviews.ts'
import { addOverviewRoutes } from './routes-overview.ts'
import { addRoleRoutes } from './routes-roles.ts'
import { addRotationRoutes } from './routes-rotation.ts'
import { addSessionRoutes } from './routes-session.ts'
import { addSinkRoutes } from './routes-sinks.ts'
import { addWitnessRoutes } from './routes-witnesses.ts'
import { addUpstreamRoutes } from './routes-upstreams.ts'
import { serveConsole } from './serve-console.ts'

const bodyBytesMax = 64 * 1024
/** Longer than the wait for the gate's word on a change. */
const requestMs = 10_000

/** The admin API as one application, served at both doors. */
export function createApp(options: AppOptions): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid })
  app.use((c, next) => secure(c, next))
  const files = options.console
  if (files !== undefined) app.use((c, next) => serveConsole(c, next, files))
  app.use((c, next) => authorize(c, next, options))
  app.use(methodNotAllowed({ app, onMethodNotAllowed: refuseMethod }))
  app.use(timeout(requestMs, () => new HTTPException(504, { message: `Not done within ${requestMs} ms` })))
  app.use((c, next) => limitBody(c, next))
  addOpenRoutes(app, options)
  addSessionRoutes(app, options)
  addAdminRoutes(app, options)
  addControlRoutes(app, options)
  addCertificateRoutes(app, options)
  addNetworkRoutes(app, options)
  addRotationRoutes(app, options)
  addRoleRoutes(app, options)
  addOverviewRoutes(app, options)
  addEventRoutes(app, options)
  addIncidentRoutes(app, options)
  addLedgerRoutes(app, options)
  addQueryRoutes(app, options)
  addReviewRoutes(app, options)
  addSinkRoutes(app, options)
  addWitnessRoutes(app, options)
  addUpstreamRoutes(app, options)
  addDocument(app, options.version)
  app.notFound((c) => answerProblem(c, problemOf('not_found', `There is nothing at ${c.req.path}`)))
  app.onError((error, c) => {
    const problem = problemOfError(error)
    if (problem.code === 'internal_error') options.onDefect(error)
    return answerProblem(c, problem, error instanceof ProblemError ? error.headers : {})
  })
  return app
}

/** Answers are not kept by anybody unless they say so, not sniffed and not framed. */
async function secure(c: Context<AppEnv>, next: Next): Promise<void> {
  await next()
  if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store')
  c.header('x-content-type-options', 'nosniff')
  if (!c.res.headers.has('content-security-policy'))
    c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  // Not for localhost, where it would hold for every other program of that name.
  if (c.env.secure && !/^localhost(?::|$)/.test(c.req.header('host') ?? ''))
    c.header('strict-transport-security', 'max-age=63072000')
  c.header('cross-origin-resource-policy', 'same-origin')
  c.header('referrer-policy', 'no-referrer')
}

function refuseMethod(c: Context, methods: readonly string[]): Response {
  const detail = `${c.req.path} takes ${methods.join(', ')}, not ${c.req.method}`
  return answerProblem(c, problemOf('method_not_allowed', detail), { allow: methods.join(', ') })
}

/** A body says its length beforehand, so that one that is too long is refused before it is read. */
async function limitBody(c: Context, next: Next): Promise<Response | void> {
  if (c.req.header('transfer-encoding') !== undefined) {
    return answerProblem(c, problemOf('length_required', 'Send the body with its content-length'))
  }
  if (Number(c.req.header('content-length') ?? 0) <= bodyBytesMax) return await next()
  return answerProblem(c, problemOf('body_too_large', `A body may have ${bodyBytesMax} bytes`))
}

interface Checked {
  readonly success: boolean
  readonly target: string
  readonly error?: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] }
}

/** What a schema refused: 422 for a body, which was JSON after all; 400 for the rest. */
function refuseInvalid({ success, target, error }: Checked, c: Context): Response | undefined {
  if (success) return undefined
  const errors = (error?.issues ?? []).slice(0, 20).map(({ path, message }) => ({
    at: target === 'json' ? `/${path.map(String).join('/')}` : path.map(String).join('.'),
    detail: message,
  }))
  const detail = errors.map((one) => `'${one.at}' ${one.detail}`).join('; ')
  return answerProblem(c, problemOf(target === 'json' ? 'invalid_argument' : 'invalid_request', detail, { errors }))
}

function addDocument(app: OpenAPIHono<AppEnv>, version: string): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'The admin token, shown at the first start. Over the socket in the data folder none is needed.',
  })
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/openapi.json',
    tags: ['Operation'],
    summary: 'This document',
    responses: { 200: json('OpenAPI 3.1', z.object({ openapi: z.string() })), ...refusals(...guarded) },
  })
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse admin API',
      version,
      description:
        'Consumers, keys, records and the ledger. Errors are `application/problem+json` with a stable `code`.',
      license: { name: 'Apache-2.0' },
    },
    security: [{ token: [] }],
    tags: [
      { name: 'Administrators', description: 'People, their sessions, and how they get in' },
      { name: 'Health', description: 'For supervisors and scrapers' },
      { name: 'Operation', description: 'The state of the installation' },
      { name: 'Consumers', description: 'Registered applications and people' },
      { name: 'Keys', description: 'API keys of consumers' },
      { name: 'Roles', description: 'What roles allow, who has them, and what of it is used' },
      { name: 'Networks', description: 'Networks of callers that are blocked, or excepted from a block' },
      { name: 'Certificates', description: 'Client certificates of consumers' },
      { name: 'Events', description: 'Records of the access log' },
      { name: 'Incidents', description: 'What the detectors found, for people to look at' },
      { name: 'Alerts', description: 'Ways to people' },
      { name: 'Reviews', description: 'Regular reviews of the logs, decided item by item and signed' },
      { name: 'Ledger', description: 'The logs as transparency logs, to be checked by anybody' },
      { name: 'Sinks', description: 'Receivers of events: SIEMs and the like' },
    ],
  })
}

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { AppEnv, AppOptions } from './app-options.ts'
import { problemOf, problemType } from './problem.ts'
import { json, refusals } from './route-parts.ts'

const tags = ['Health']
const security: [] = []

const health = createRoute({
  method: 'get',
  path: '/healthz',
  tags,
  security,
  summary: 'Whether the desk lives',
  responses: { 200: json('It lives', z.object({ alive: z.literal(true) })) },
})

const ready = createRoute({
  method: 'get',
  path: '/readyz',
  tags,
  security,
  summary: 'Whether requests are served and recorded: a gate is connected, its ledger writes, it is not draining',
  responses: { 200: json('It is ready', z.object({ ready: z.literal(true) })), ...refusals('not_ready') },
})

const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  tags,
  security,
  summary: 'Figures in the Prometheus text format',
  description:
    'Open over plain HTTP, which is spoken on loopback only; over TLS for those who may enter. Names no caller.',
  responses: { 200: { description: 'Text format 0.0.4', content: { 'text/plain': { schema: z.string() } } } },
})

/** Routes that need no token. */
export const openPaths: ReadonlySet<string> = new Set([health.path, ready.path, metrics.path])

/** Adds what a supervisor or a scraper asks. */
export function addOpenRoutes(app: OpenAPIHono<AppEnv>, options: AppOptions): void {
  app.openapi(health, (c) => c.json({ alive: true } as const, 200))
  app.openapi(ready, (c) => {
    const reasons = reasonsNotReady(options)
    if (reasons.length === 0) return c.json({ ready: true } as const, 200)
    return c.json(problemOf('not_ready', reasons.join('; '), { reasons }), 503, { 'content-type': problemType })
  })
  app.openapi(metrics, (c) =>
    c.text(options.metrics.text(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  )
}

function reasonsNotReady({ gate }: AppOptions): string[] {
  const status = gate.status()
  if (status === null) return ['no gate is connected']
  const reasons: string[] = []
  if (status.ledger.state !== 'ok') reasons.push(`the ledger is ${status.ledger.state}`)
  if (status.ledger.keeper.state === 'failed') reasons.push('the keeper of the ledger failed')
  if (status.threads.length === 0) reasons.push('no gateway thread serves')
  if (status.draining) reasons.push('the gate is draining')
  return reasons
}

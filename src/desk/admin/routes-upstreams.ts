import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { AppEnv, AppOptions } from './app-options.ts'
import { guarded, json, refusals } from './route-parts.ts'
import { upstreamSchema } from './schemas.ts'

const list = createRoute({
  method: 'get',
  path: '/v1/upstreams',
  tags: ['Operation'],
  summary: 'List upstreams, and how each is',
  description: 'Over all gateway threads, as of the last second; empty where no gate is connected.',
  responses: {
    200: json('In the order of the configuration', z.object({ items: z.array(upstreamSchema) })),
    ...refusals(...guarded),
  },
})

/** Adds what the gate knows of its upstreams. */
export function addUpstreamRoutes(app: OpenAPIHono<AppEnv>, { gate }: AppOptions): void {
  app.openapi(list, (c) => c.json({ items: [...(gate.status()?.upstreams ?? [])] }, 200))
}

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { sha256 } from '../../crypto/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { actorOf } from './caller.ts'
import { body, guarded, json, refusals } from './route-parts.ts'
import { bodied, stored } from './route-refusals.ts'
import {
  decisionSchema,
  replaySchema,
  reviewsSchema,
  runSummarySchema,
  runViewSchema,
  runWishSchema,
  signSchema,
} from './routes-reviews-schemas.ts'

const tags = ['Reviews']
const idParam = z.object({ id: z.string().max(200).openapi({ example: 'daily-2026-11-24' }) })

const list = createRoute({
  method: 'get',
  path: '/v1/reviews',
  tags,
  summary: 'List plans of reviews, when each runs next, and runs',
  description: 'At most the newest 200 runs.',
  responses: { 200: json('Plans and runs', reviewsSchema), ...refusals(...guarded, 'store_unreadable') },
})

const open = createRoute({
  method: 'post',
  path: '/v1/reviews',
  tags,
  summary: 'Run a review now',
  description:
    'It is collected in the background: ask for it until it is no longer `collecting`. There is one run for each plan and period.',
  request: { body: body(runWishSchema) },
  responses: {
    202: json('It is being collected', runSummarySchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_found', 'conflict'),
  },
})

const show = createRoute({
  method: 'get',
  path: '/v1/reviews/{id}',
  tags,
  summary: 'Show a review with everything that was found and decided',
  request: { params: idParam },
  responses: { 200: json('The review', runViewSchema), ...refusals(...guarded, 'store_unreadable', 'not_found') },
})

const decide = createRoute({
  method: 'post',
  path: '/v1/reviews/{id}/items/{item}',
  tags,
  summary: 'Decide about an item',
  description:
    'A later decision takes the place of an earlier one; the audit log has both. Nothing can be decided about a signed review.',
  request: { params: idParam.extend({ item: z.string().max(200) }), body: body(decisionSchema) },
  responses: {
    200: json('The review', runViewSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_found', 'conflict', 'not_allowed'),
  },
})

const sign = createRoute({
  method: 'post',
  path: '/v1/reviews/{id}/sign',
  tags,
  summary: 'Sign a review, for good',
  description:
    'Every item must be decided. The statement names ranges, counts and limitations; the digest of all that was signed stands in the audit log.',
  request: { params: idParam, body: body(signSchema) },
  responses: {
    200: json('It is signed', runViewSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_found', 'conflict', 'not_allowed'),
  },
})

const report = createRoute({
  method: 'get',
  path: '/v1/reviews/{id}/report',
  tags,
  summary: 'Export a review',
  description:
    'As canonical JSON (RFC 8785), or as one HTML page without scripts. Made anew each time and kept nowhere; `content-digest` states its SHA-256.',
  request: {
    params: idParam,
    query: z.strictObject({ format: z.enum(['html', 'json']).default('html') }),
  },
  responses: {
    200: {
      description: 'The report, as a file',
      content: { 'text/html': { schema: z.string() }, 'application/json': { schema: z.object({}) } },
    },
    ...refusals(...guarded, 'invalid_request', 'store_unreadable', 'not_found', 'conflict'),
  },
})

const replay = createRoute({
  method: 'post',
  path: '/v1/reviews/{id}/replay',
  tags,
  summary: 'Run the checks of a review once more over the same records',
  description: 'In the background: ask with GET until it is no longer `running`.',
  request: { params: idParam },
  responses: {
    202: json('It is running', replaySchema),
    ...refusals(...guarded, 'store_unreadable', 'not_found', 'conflict'),
  },
})

const replayed = createRoute({
  method: 'get',
  path: '/v1/reviews/{id}/replay',
  tags,
  summary: 'How the replay of a review went',
  description: 'Begins one where there is none since the start of the desk.',
  request: { params: idParam },
  responses: {
    200: json('How it went', replaySchema),
    ...refusals(...guarded, 'store_unreadable', 'not_found', 'conflict'),
  },
})

/** Adds regular reviews, where there are any. */
export function addReviewRoutes(app: OpenAPIHono<AppEnv>, { reviews }: AppOptions): void {
  if (reviews === undefined) return
  app.openapi(list, async (c) => c.json({ plans: reviews.plans(), items: await reviews.list() }, 200))
  app.openapi(open, async (c) => c.json(await reviews.run(c.req.valid('json'), actorOf(c)), 202))
  app.openapi(show, async (c) => c.json(await reviews.show(c.req.valid('param').id), 200))
  app.openapi(decide, async (c) => {
    const { id, item } = c.req.valid('param')
    return c.json(await reviews.decide(id, item, { wish: c.req.valid('json'), actor: actorOf(c) }), 200)
  })
  app.openapi(sign, async (c) =>
    c.json(await reviews.sign(c.req.valid('param').id, c.req.valid('json'), actorOf(c)), 200),
  )
  app.openapi(report, async (c) => {
    const { format } = c.req.valid('query')
    const { json: canonical, html, fileName } = await reviews.report(c.req.valid('param').id)
    const text = format === 'html' ? html : canonical
    return c.body(text, 200, {
      'content-type': format === 'html' ? 'text/html; charset=utf-8' : 'application/json',
      // Never shown in the console's own origin: what callers sent stands in it.
      'content-disposition': `attachment; filename="${fileName}.${format}"`,
      // RFC 9530
      'content-digest': `sha-256=:${Buffer.from(sha256(Buffer.from(text))).toString('base64')}:`,
    })
  })
  app.openapi(replay, async (c) => c.json(await reviews.replay(c.req.valid('param').id, { again: true }), 202))
  app.openapi(replayed, async (c) => c.json(await reviews.replay(c.req.valid('param').id), 200))
}

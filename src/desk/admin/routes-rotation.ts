import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { expiresInMsMax, overlapMsMax } from '../control/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { actorOf } from './caller.ts'
import { type ExpiringKey, expiringKeys } from './expiring-keys.ts'
import { body, guarded, integer, json, refusals } from './route-parts.ts'
import { bodied, stored } from './route-refusals.ts'
import { credentialSchema } from './schemas.ts'
import { type ShownCredential, shownCredential } from './shown.ts'

const dayMs = 86_400_000
const withinMsDefault = 14 * dayMs

interface ShownRotation {
  readonly key: string
  readonly credential: ShownCredential
  readonly predecessor: ShownCredential
  readonly applied: boolean
}

const rotatedSchema: z.ZodType<ShownRotation> = z
  .object({
    key: z.string().meta({ description: 'The successor, shown this once' }),
    credential: credentialSchema,
    predecessor: credentialSchema,
    applied: z.boolean().meta({ description: 'All gateway threads of the connected gate have confirmed it' }),
  })
  .openapi('RotatedKey')

const rotate = createRoute({
  method: 'post',
  path: '/v1/keys/{id}/rotate',
  tags: ['Keys'],
  summary: 'Make the successor of a key',
  description:
    'The successor has the same grants, and is shown this once. The key works on until the overlap is over; its answers say so (`Deprecation`, `Sunset`).',
  request: {
    params: z.object({ id: z.string().openapi({ example: 'A1b2C3d4E5f6' }) }),
    body: body(
      z
        .strictObject({
          overlapMs: z
            .int()
            .nonnegative()
            .max(overlapMsMax)
            .optional()
            .meta({ description: 'How long both work: a day when left out, 0 for a key that leaked' }),
          expiresInMs: z
            .int()
            .positive()
            .max(expiresInMsMax)
            .optional()
            .meta({ description: 'How long the successor lives; as long as the key was given when left out' }),
        })
        .openapi('Rotation'),
    ),
  },
  responses: {
    201: json('It is made', rotatedSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_found', 'conflict'),
  },
})

const usesOfDay = z
  .int()
  .nullable()
  .meta({ description: 'Requests of the last 24 hours that were not refused; null where they could not be counted' })

const expiringSchema: z.ZodType<{ items: ExpiringKey[] }> = z
  .object({
    items: z.array(
      z.object({
        key: credentialSchema,
        consumer: z.string().nullable(),
        why: z.enum(['ends', 'ages']).meta({
          description: 'ends: then it does not work any more; ages: then it is older than `keys.ageMax`, and works on',
        }),
        dueAtMs: z.int().meta({ description: 'In the past for a key that is too old already' }),
        usesOfDay,
        successor: z
          .object({ id: z.string(), lastUsedAtMs: z.int().nullable(), usesOfDay })
          .nullable()
          .meta({ description: 'What took its place: who still uses the old one is told by `usesOfDay` of both' }),
      }),
    ),
  })
  .openapi('ExpiringKeys')

const expiring = createRoute({
  method: 'get',
  path: '/v1/keys/expiring',
  tags: ['Keys'],
  summary: 'List the keys that end or get too old soon, and those that are too old',
  request: {
    query: z.strictObject({
      withinMs: integer(1, expiresInMsMax).optional().openapi({
        type: 'integer',
        minimum: 1,
        maximum: expiresInMsMax,
        default: withinMsDefault,
        description: 'How soon, in milliseconds',
      }),
    }),
  },
  responses: { 200: json('The first due comes first', expiringSchema), ...refusals(...guarded, 'invalid_request') },
})

/** Adds what keeps keys young. */
export function addRotationRoutes(app: OpenAPIHono<AppEnv>, options: AppOptions): void {
  const { control, query, clock, keyAgeMsMax = Infinity } = options
  app.openapi(rotate, async (c) => {
    const { key, credential, predecessor, applied } = await control
      .by(actorOf(c))
      .rotateKey(c.req.valid('param').id, c.req.valid('json'))
    const shown = { credential: shownCredential(credential), predecessor: shownCredential(predecessor) }
    return c.json({ key, ...shown, applied }, 201)
  })
  app.openapi(expiring, async (c) => {
    const parts = { control, query, nowMs: clock.wallMs(), ageMsMax: keyAgeMsMax }
    return c.json({ items: [...(await expiringKeys(parts, c.req.valid('query').withinMs ?? withinMsDefault))] }, 200)
  })
}

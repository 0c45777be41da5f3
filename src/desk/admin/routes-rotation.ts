import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { GatehouseError } from '../../core/mod.ts'
import { expiresInMsMax, rolesMax } from '../control/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { actorOf } from './caller.ts'
import { leastPrivilege } from './least-privilege.ts'
import { body, guarded, integer, json, refusals } from './route-parts.ts'
import { bodied, stored } from './route-refusals.ts'
import { changedConsumerSchema, credentialSchema, credentialsSchema } from './schemas.ts'
import { shownCredential } from './shown.ts'

const keyId = z.object({ id: z.string().openapi({ example: 'A1b2C3d4E5f6' }) })
const consumerName = z.object({ name: z.string().openapi({ example: 'acme' }) })
const dayMs = 86_400_000

const rotate = createRoute({
  method: 'post',
  path: '/v1/keys/{id}/rotate',
  tags: ['Keys'],
  summary: 'Make the successor of a key',
  description:
    'The successor has the same grants, and is shown this once. The key works on until the overlap is over; its answers say so (`Deprecation`, `Sunset`).',
  request: {
    params: keyId,
    body: body(
      z
        .strictObject({
          overlapMs: z.int().nonnegative().optional().meta({ description: 'A day when left out; at most 30 days' }),
          expiresInMs: z.int().positive().max(expiresInMsMax).optional(),
        })
        .openapi('Rotation'),
    ),
  },
  responses: {
    201: json('It is made', z.object({ ...createdShape(), predecessor: credentialSchema }).openapi('RotatedKey')),
    ...refusals(...guarded, ...bodied, ...stored, 'not_found', 'conflict'),
  },
})

function createdShape(): { key: z.ZodString; credential: typeof credentialSchema; applied: z.ZodBoolean } {
  return { key: z.string(), credential: credentialSchema, applied: z.boolean() }
}

const expiring = createRoute({
  method: 'get',
  path: '/v1/keys/expiring',
  tags: ['Keys'],
  summary: 'List the keys that work and end soon, the soonest first',
  request: {
    query: z.strictObject({
      withinMs: integer(1, expiresInMsMax)
        .optional()
        .openapi({ description: '14 days when left out', example: 1_209_600_000 }),
    }),
  },
  responses: { 200: json('Keys', credentialsSchema), ...refusals(...guarded, 'invalid_request') },
})

const setRoles = createRoute({
  method: 'put',
  path: '/v1/consumers/{name}/roles',
  tags: ['Consumers'],
  summary: 'Give a consumer these roles, and no others',
  request: {
    params: consumerName,
    body: body(z.strictObject({ roles: z.array(z.string()).max(rolesMax) }).openapi('Roles')),
  },
  responses: {
    200: json('It has them', changedConsumerSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_found'),
  },
})

const use = z.object({ grant: z.string(), used: z.int(), lastUsedAtMs: z.int().nullable() })

const compare = createRoute({
  method: 'get',
  path: '/v1/consumers/{name}/least-privilege',
  tags: ['Consumers'],
  summary: 'Compare what a consumer may do with what it did',
  request: {
    params: consumerName,
    query: z.strictObject({
      sinceMs: integer(1, expiresInMsMax).optional().openapi({ description: 'How far back; 30 days when left out' }),
    }),
  },
  responses: {
    200: json(
      'Grants, and the requests that used them',
      z
        .object({
          consumer: z.string(),
          fromMs: z.int(),
          toMs: z.int(),
          scopes: z.array(use),
          permissions: z.array(use).meta({ description: 'Patterns of its roles' }),
          proposal: z
            .object({ scopes: z.array(z.string()), permissions: z.array(z.string()) })
            .meta({ description: 'The least that would have let the same requests through' }),
          short: z.array(z.string()).meta({ description: 'Why not all requests were looked at; empty when they were' }),
        })
        .openapi('LeastPrivilege'),
    ),
    ...refusals(...guarded, 'invalid_request', 'not_found'),
  },
})

/** Adds what keeps grants small and keys young: rotation, roles, and what is granted against what is used. */
export function addRotationRoutes(app: OpenAPIHono<AppEnv>, { control, query, clock }: AppOptions): void {
  app.openapi(rotate, async (c) => {
    const { key, credential, predecessor, applied } = await control
      .by(actorOf(c))
      .rotateKey(c.req.valid('param').id, c.req.valid('json'))
    const shown = { credential: shownCredential(credential), predecessor: shownCredential(predecessor) }
    return c.json({ key, ...shown, applied }, 201)
  })
  app.openapi(expiring, (c) => {
    const { withinMs = 14 * dayMs } = c.req.valid('query')
    const nowMs = clock.wallMs()
    const items = control
      .listKeys()
      .filter(({ revokedAtMs, expiresAtMs }) => revokedAtMs === null && isBetween(expiresAtMs, nowMs, nowMs + withinMs))
      .toSorted((a, b) => (a.expiresAtMs ?? 0) - (b.expiresAtMs ?? 0))
    return c.json({ items: items.map(shownCredential), next: null }, 200)
  })
  app.openapi(setRoles, async (c) =>
    c.json(await control.by(actorOf(c)).setRoles(c.req.valid('param').name, c.req.valid('json').roles), 200),
  )
  app.openapi(compare, async (c) => {
    if (query === undefined)
      throw new GatehouseError('not_found', 'Cannot compare: requests cannot be searched on this machine')
    const toMs = clock.wallMs()
    const fromMs = toMs - (c.req.valid('query').sinceMs ?? 30 * dayMs)
    const found = await leastPrivilege({ control, query, nowMs: toMs }, c.req.valid('param').name, {
      fromMs,
      toMs: toMs + 1,
    })
    const { scopes, permissions, proposal, short, ...rest } = found
    return c.json(
      {
        ...rest,
        scopes: [...scopes],
        permissions: [...permissions],
        proposal: { scopes: [...proposal.scopes], permissions: [...proposal.permissions] },
        short: [...short],
      },
      200,
    )
  })
}

function isBetween(ms: number | null, from: number, to: number): boolean {
  return ms !== null && ms > from && ms <= to
}

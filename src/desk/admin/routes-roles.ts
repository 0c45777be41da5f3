import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { GatehouseError } from '../../core/mod.ts'
import { type Control, expiresInMsMax } from '../control/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { actorOf } from './caller.ts'
import { type LeastPrivilege, leastPrivilege } from './least-privilege.ts'
import { body, guarded, integer, json, refusals } from './route-parts.ts'
import { bodied, stored } from './route-refusals.ts'
import { changedRolesSchema, consumerRolesSchema } from './schemas.ts'

const tags = ['Roles']
const dayMs = 86_400_000
const sinceMsDefault = 30 * dayMs
const named = z.object({ name: z.string().openapi({ example: 'acme' }) })

interface ShownRoles {
  readonly configured: boolean
  readonly items: { name: string; allow: string[]; consumers: string[] }[]
  readonly unknown: { role: string; consumers: string[] }[]
}

const rolesSchema: z.ZodType<ShownRoles> = z
  .object({
    configured: z.boolean().meta({ description: 'False: the configuration has no roles, and scopes alone decide' }),
    items: z.array(
      z.object({
        name: z.string().meta({ example: 'reader' }),
        allow: z.array(z.string()).meta({ example: ['GET /v1/orders/**'] }),
        consumers: z.array(z.string()).meta({ description: 'Who has it' }),
      }),
    ),
    unknown: z
      .array(z.object({ role: z.string(), consumers: z.array(z.string()) }))
      .meta({ description: 'Roles of consumers that the configuration does not know; they grant nothing' }),
  })
  .openapi('Roles')

const list = createRoute({
  method: 'get',
  path: '/v1/roles',
  tags,
  summary: 'List the roles of the configuration, and who has them',
  responses: { 200: json('In the order of the configuration', rolesSchema), ...refusals(...guarded) },
})

const set = createRoute({
  method: 'put',
  path: '/v1/consumers/{name}/roles',
  tags,
  summary: 'Give a consumer these roles, and no others',
  request: { params: named, body: body(consumerRolesSchema) },
  responses: {
    200: json('It has them', changedRolesSchema),
    ...refusals(...guarded, ...bodied, ...stored, 'not_found'),
  },
})

const used = { used: z.int(), lastUsedAtMs: z.int().nullable() }
const grantUses = z.array(z.object({ grant: z.string(), ...used }))
const texts = z.array(z.string())

const comparedSchema: z.ZodType<LeastPrivilege> = z
  .object({
    consumer: z.string(),
    fromMs: z.int(),
    toMs: z.int(),
    scopes: grantUses.meta({ description: 'Scopes of all its keys and certificates that work' }),
    permissions: grantUses.meta({ description: 'Patterns of its roles' }),
    routes: z
      .array(z.object({ api: z.string(), route: z.string(), method: z.string(), ...used }))
      .meta({ description: 'What it called and was not refused' }),
    proposal: z
      .object({
        scopes: texts,
        permissions: texts,
        role: texts.meta({ description: 'Patterns of a role for this consumer alone' }),
      })
      .meta({ description: 'The least that would have let the same requests through' }),
    short: z
      .array(z.enum(['deadline', 'memory', 'behind', 'pruned']))
      .meta({ description: 'Why not all requests of the time were looked at; empty when they were' }),
  })
  .openapi('LeastPrivilege')

const compare = createRoute({
  method: 'get',
  path: '/v1/consumers/{name}/least-privilege',
  tags,
  summary: 'Compare what a consumer may do with what it did',
  request: {
    params: named,
    query: z.strictObject({
      sinceMs: integer(1, expiresInMsMax).optional().openapi({
        type: 'integer',
        minimum: 1,
        maximum: expiresInMsMax,
        default: sinceMsDefault,
        description: 'How far back, in milliseconds',
      }),
    }),
  },
  responses: {
    200: json('Grants, and the requests that used them', comparedSchema),
    ...refusals(...guarded, 'invalid_request', 'not_found', 'unreachable'),
  },
})

/** Adds roles, and what is granted against what is used. */
export function addRoleRoutes(app: OpenAPIHono<AppEnv>, { control, query, clock }: AppOptions): void {
  app.openapi(list, (c) => c.json(rolesOf(control), 200))
  app.openapi(set, async (c) => {
    const consumer = await control.by(actorOf(c)).setRoles(c.req.valid('param').name, c.req.valid('json').roles)
    const known = control.snapshot().policy.roles ?? []
    const unknown = consumer.roles.filter((role) => !known.some(({ name }) => name === role))
    return c.json({ ...consumer, unknown }, 200)
  })
  app.openapi(compare, async (c) => {
    if (query === undefined)
      throw new GatehouseError('unreachable', 'Cannot compare: requests cannot be searched on this machine')
    const toMs = clock.wallMs()
    const fromMs = toMs - (c.req.valid('query').sinceMs ?? sinceMsDefault)
    const { name } = c.req.valid('param')
    return c.json(await leastPrivilege({ control, query, nowMs: toMs }, name, { fromMs, toMs: toMs + 1 }), 200)
  })
}

function rolesOf(control: Control): ShownRoles {
  const { roles } = control.snapshot().policy
  const holders = new Map<string, string[]>()
  for (const { name, roles: held } of control.listConsumers())
    for (const role of held) holders.set(role, [...(holders.get(role) ?? []), name])
  const items = (roles ?? []).map(({ name, allow }) => ({
    name,
    allow: allow.map(({ text }) => text),
    consumers: holders.get(name) ?? [],
  }))
  const unknown = [...holders].filter(([role]) => !items.some(({ name }) => name === role))
  return { configured: roles !== null, items, unknown: unknown.map(([role, consumers]) => ({ role, consumers })) }
}

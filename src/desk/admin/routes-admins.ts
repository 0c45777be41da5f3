import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { type Invitation, type SignedIn, sessionIdleMs, sessionMsMax } from '../control/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { actorOf } from './caller.ts'
import { body, guarded, json, refusals } from './route-parts.ts'
import { bodied, stored } from './route-refusals.ts'

const tags = ['Administrators']
const role = z.enum(['owner', 'auditor']).openapi({
  description: '`owner` may do everything, `auditor` may read everything and change nothing',
})

const adminSchema = z
  .object({
    name: z.string().openapi({ example: 'anna' }),
    role,
    createdAtMs: z.int(),
    lastSignInAtMs: z.int().nullable(),
    hasPassword: z.boolean().openapi({ description: 'False after a reset, until the new link is used' }),
  })
  .openapi('Admin')

const invitationSchema = z
  .object({
    url: z.string().openapi({ description: 'Where to set up the account; works once' }),
    role,
    name: z.string().nullable().openapi({ description: 'Whose account it sets up again; null for a new one' }),
    expiresAtMs: z.int(),
  })
  .openapi('Invitation')

const listedSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    address: z.string(),
    userAgent: z.string(),
    createdAtMs: z.int(),
    lastUsedAtMs: z.int(),
    expiresAtMs: z.int(),
    current: z.boolean().openapi({ description: 'The one by which this was asked' }),
  })
  .openapi('ListedSession')

const named = { params: z.object({ name: z.string().max(64).openapi({ example: 'anna' }) }) }
const refusedChange = [...stored, 'not_allowed', 'invalid_request'] as const

const list = createRoute({
  method: 'get',
  path: '/v1/admins',
  tags,
  summary: 'List administrators by name',
  responses: { 200: json('Administrators', z.object({ items: z.array(adminSchema) })), ...refusals(...guarded) },
})

const invite = createRoute({
  method: 'post',
  path: '/v1/admins/invitations',
  tags,
  summary: 'Make a set-up link for another administrator',
  description: 'It works once, for half an hour. The answer holds it, this once.',
  request: { body: body(z.strictObject({ role: role.default('owner') })) },
  responses: { 201: json('The link', invitationSchema), ...refusals(...guarded, ...bodied, ...stored, 'not_allowed') },
})

const reset = createRoute({
  method: 'post',
  path: '/v1/admins/{name}/reset',
  tags,
  summary: 'End all sessions of an administrator, forget the password, and make a link for choosing another',
  request: named,
  responses: { 201: json('The link', invitationSchema), ...refusals(...guarded, ...refusedChange, 'not_found') },
})

const remove = createRoute({
  method: 'delete',
  path: '/v1/admins/{name}',
  tags,
  summary: 'Remove an administrator, with all sessions; not the last owner',
  request: named,
  responses: {
    204: { description: 'Removed' },
    ...refusals(...guarded, ...refusedChange, 'not_found', 'conflict'),
  },
})

const listSessions = createRoute({
  method: 'get',
  path: '/v1/sessions',
  tags,
  summary: 'List sessions, newest first; an auditor sees the own ones',
  responses: { 200: json('Sessions', z.object({ items: z.array(listedSchema) })), ...refusals(...guarded) },
})

const endSession = createRoute({
  method: 'delete',
  path: '/v1/sessions/{id}',
  tags,
  summary: 'End a session',
  request: { params: z.object({ id: z.string().max(128) }) },
  responses: { 204: { description: 'It is over' }, ...refusals(...guarded, ...refusedChange, 'not_found') },
})

/** Adds who may enter the console. */
export function addAdminRoutes(app: OpenAPIHono<AppEnv>, { admins, url }: AppOptions): void {
  if (admins === undefined) return
  const shown = ({ token, ...invitation }: Invitation): z.infer<typeof invitationSchema> => ({
    url: setUpUrl(url(), token),
    role: invitation.role,
    name: invitation.name,
    expiresAtMs: invitation.expiresAtMs,
  })
  app.openapi(list, (c) => c.json({ items: [...admins.list()] }, 200))
  app.openapi(invite, async (c) => c.json(shown(await admins.invite(c.req.valid('json').role, actorOf(c))), 201))
  app.openapi(reset, async (c) => c.json(shown(await admins.reset(c.req.valid('param').name, actorOf(c))), 201))
  app.openapi(remove, async (c) => {
    await admins.remove(c.req.valid('param').name, actorOf(c))
    return c.body(null, 204)
  })
  app.openapi(listSessions, (c) => {
    const caller = c.get('caller')
    const own = caller.kind === 'admin' ? caller.signedIn : null
    const items = admins.sessions(own?.role === 'auditor' ? own.name : undefined)
    return c.json({ items: items.map((one) => listed(one, own?.session.id ?? null)) }, 200)
  })
  app.openapi(endSession, async (c) => {
    await admins.endSession(c.req.valid('param').id, actorOf(c))
    return c.body(null, 204)
  })
}

/** The token stands behind the `#`, which no browser sends to a server and no server logs. */
export function setUpUrl(url: string, token: string): string {
  return `${url}/setup#${token}`
}

function listed({ name, session }: SignedIn, ownId: string | null): z.infer<typeof listedSchema> {
  const { id, address, userAgent, createdAtMs, lastUsedAtMs } = session
  const expiresAtMs = Math.min(createdAtMs + sessionMsMax, lastUsedAtMs + sessionIdleMs)
  return { id, name, address, userAgent, createdAtMs, lastUsedAtMs, expiresAtMs, current: id === ownId }
}

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { sessionIdleMs, sessionMsMax, type SignInAnswer, type SignInPlace } from '../control/mod.ts'
import type { AppEnv, AppOptions } from './app-options.ts'
import { roleOf } from './caller.ts'
import { ProblemError, problemOf } from './problem.ts'
import { body, guarded, json, refusals } from './route-parts.ts'
import { bodied, stored } from './route-refusals.ts'
import { putSessionCookie, sessionSecretOf } from './session-cookie.ts'

const tags = ['Administrators']

/** Where a session is begun, looked at and ended. */
export const sessionPath = '/v1/session'
const setUpPath = '/v1/setup'

/** Where somebody who is nobody yet may send to. */
export const entrancePaths: ReadonlySet<string> = new Set([sessionPath, setUpPath])

const name = z.string().max(64).openapi({ description: 'Upper and lower case are one', example: 'anna' })
const password = z.string().max(1024).openapi({ format: 'password' })

const sessionSchema = z
  .object({
    name: z
      .string()
      .openapi({ description: 'Of the administrator; `token` or `socket` for who came in that way', example: 'anna' }),
    role: z.enum(['owner', 'auditor']).openapi({ description: '`auditor` may read everything and change nothing' }),
    expiresAtMs: z.int().nullable().openapi({ description: 'When it ends whatever is done in it' }),
    idleMs: z.int().nullable().openapi({ description: 'It ends when nothing was done in it for so long' }),
  })
  .openapi('Session')

const security: [] = []
const conditions =
  'Only for the console’s own scripts: with `x-gatehouse-console: 1`, JSON, and `Sec-Fetch-Site: same-origin` or the own `Origin`.'
const entered = { description: 'Signed in; the cookie holds the session' }

const setUp = createRoute({
  method: 'post',
  path: setUpPath,
  tags,
  security,
  summary: 'Use a set-up link: choose name and password, and be signed in',
  description: `A link works once, for half an hour. ${conditions}`,
  request: { body: body(z.strictObject({ token: z.string().max(256), name, password })) },
  responses: {
    204: entered,
    ...refusals(...guarded, ...bodied, ...stored, 'not_allowed', 'conflict', 'too_many_attempts'),
  },
})

const signIn = createRoute({
  method: 'post',
  path: sessionPath,
  tags,
  security,
  summary: 'Sign in',
  description: conditions,
  request: { body: body(z.strictObject({ name, password })) },
  responses: { 204: entered, ...refusals(...guarded, ...bodied, ...stored, 'not_allowed', 'too_many_attempts') },
})

const show = createRoute({
  method: 'get',
  path: sessionPath,
  tags,
  summary: 'Who is signed in',
  description:
    'Asking keeps the session alive, as nearly everything does: not so `/v1/overview`, `/v1/events/live`, and what is sent with ' +
    '`x-gatehouse-background: 1`, as a page should that asks by itself.',
  responses: { 200: json('The session', sessionSchema), ...refusals(...guarded) },
})

const signOut = createRoute({
  method: 'delete',
  path: sessionPath,
  tags,
  summary: 'Sign out',
  responses: { 204: { description: 'It is over' }, ...refusals(...guarded, ...stored, 'not_allowed') },
})

/** Adds the entrance of the console. */
export function addSessionRoutes(app: OpenAPIHono<AppEnv>, { admins }: AppOptions): void {
  if (admins === undefined) return
  app.openapi(setUp, async (c) => {
    enter(
      c,
      await admins.setUp(c.req.valid('json'), placeOf(c)),
      'This link was used or is too old: ask for another one',
    )
    return c.body(null, 204)
  })
  app.openapi(signIn, async (c) => {
    const wish = { ...c.req.valid('json'), replaces: sessionSecretOf(c) }
    enter(c, await admins.signIn(wish, placeOf(c)), 'Name or password is wrong')
    return c.body(null, 204)
  })
  app.openapi(show, (c) => {
    const caller = c.get('caller')
    const role = roleOf(caller)
    if (caller.kind !== 'admin') return c.json({ name: caller.kind, role, expiresAtMs: null, idleMs: null }, 200)
    const { name: who, session } = caller.signedIn
    return c.json({ name: who, role, expiresAtMs: session.createdAtMs + sessionMsMax, idleMs: sessionIdleMs }, 200)
  })
  app.openapi(signOut, async (c) => {
    const caller = c.get('caller')
    if (caller.kind === 'admin') await admins.signOut(caller.signedIn)
    putSessionCookie(c, null)
    return c.body(null, 204)
  })
}

function enter(c: Context<AppEnv>, answer: SignInAnswer, refusedWith: string): void {
  if (answer.kind === 'entered') return putSessionCookie(c, answer.entered.secret)
  if (answer.kind === 'refused') throw new ProblemError(problemOf('unauthorized', refusedWith))
  const seconds = Math.ceil(answer.waitMs / 1000)
  const detail = `Too many attempts: try again in ${seconds} s`
  throw new ProblemError(problemOf('too_many_attempts', detail), { 'retry-after': String(seconds) })
}

function placeOf(c: Context<AppEnv>): SignInPlace {
  return { address: c.env.incoming.socket.remoteAddress ?? '', userAgent: c.req.header('user-agent') ?? '' }
}

import type { Context, Next } from 'hono'
import type { AppEnv, AppOptions, Caller } from './app-options.ts'
import { roleOf } from './caller.ts'
import { answerProblem, problemOf, type Problem } from './problem.ts'
import { openPaths } from './routes-open.ts'
import { entrancePaths, sessionPath } from './routes-session.ts'
import { sessionSecretOf } from './session-cookie.ts'

/** The header that only the console's own scripts can send along: a form or an image of another site cannot. */
export const consoleHeader = 'x-gatehouse-console'

/** Marks requests that a page makes by itself: they keep no session alive. */
export const backgroundHeader = 'x-gatehouse-background'

/** What the console asks for again and again. */
const backgroundPaths: ReadonlySet<string> = new Set(['/v1/overview', '/v1/events/live'])

/** Before routing, so that nobody who may not enter learns what there is. */
export async function authorize(c: Context<AppEnv>, next: Next, options: AppOptions): Promise<Response | void> {
  const found = callerOf(c, options)
  if ('problem' in found) return answerProblem(c, found.problem, found.headers)
  const { caller } = found
  c.set('caller', caller)
  if (caller.kind === 'admin' || entrancePaths.has(c.req.path)) {
    const fault = isUnsafe(c) ? forgeryFault(c) : null
    if (fault !== null) return answerProblem(c, problemOf('not_allowed', fault))
  }
  if (roleOf(caller) === 'auditor' && isUnsafe(c) && c.req.path !== sessionPath)
    return answerProblem(c, problemOf('not_allowed', 'An auditor may read everything and change nothing'))
  if (caller.kind === 'admin' && !isBackground(c)) options.admins?.touch(caller.signedIn)
  return await next()
}

type Found =
  | { readonly caller: Caller }
  | { readonly problem: Problem; readonly headers: Readonly<Record<string, string>> }

function callerOf(c: Context<AppEnv>, { token, admins }: AppOptions): Found {
  if (c.env.door === 'socket') return { caller: { kind: 'socket' } }
  const authorization = c.req.header('authorization')
  if (authorization !== undefined) {
    const sent = /^Bearer +([!-~]{1,256})$/i.exec(authorization)?.[1] ?? ''
    if (token.verify(sent)) return { caller: { kind: 'token' } }
  }
  const secret = isOfAnotherSite(c) ? null : sessionSecretOf(c)
  const signedIn = secret === null ? null : (admins?.find(secret) ?? null)
  if (authorization === undefined && signedIn !== null && secret !== null)
    return { caller: { kind: 'admin', signedIn, secret } }
  if (isOpen(c)) return { caller: { kind: 'nobody' } }
  return unauthorized(authorization !== undefined, secret !== null)
}

/** Figures tell a stranger what this installation does: beyond loopback they are for those who may enter. */
function isOpen(c: Context<AppEnv>): boolean {
  const { path } = c.req
  if (path === '/metrics') return !c.env.secure
  return openPaths.has(path) || (entrancePaths.has(path) && c.req.method === 'POST')
}

function unauthorized(withToken: boolean, withCookie: boolean): Found {
  const challenge = `Bearer realm="gatehouse"${withToken ? ', error="invalid_token"' : ''}`
  const detail = withToken
    ? 'This is not the admin token'
    : withCookie
      ? 'The session has ended: sign in again'
      : 'Sign in, or send the admin token: Authorization: Bearer gtha_…'
  return { problem: problemOf('unauthorized', detail), headers: { 'www-authenticate': challenge } }
}

function isUnsafe(c: Context<AppEnv>): boolean {
  return c.req.method !== 'GET' && c.req.method !== 'HEAD'
}

/** What a page of another origin makes a browser send, also one of another port of this machine, comes without a session. */
function isOfAnotherSite(c: Context<AppEnv>): boolean {
  const site = c.req.header('sec-fetch-site')
  return site === 'cross-site' || site === 'same-site'
}

/** Why this may be another site's doing, in the name of somebody who is signed in; null when it cannot be. */
function forgeryFault(c: Context<AppEnv>): string | null {
  const site = c.req.header('sec-fetch-site')
  const own = `${c.env.secure ? 'https' : 'http'}://${c.req.header('host') ?? ''}`
  const isSame = site === undefined ? c.req.header('origin') === own : site === 'same-origin'
  if (!isSame)
    return `Only the console itself may do this: neither Sec-Fetch-Site nor Origin says that it comes from ${own}`
  if (c.req.header(consoleHeader) !== '1') return `Send ${consoleHeader}: 1`
  const type = (c.req.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  return type === 'application/json' ? null : 'Send content-type: application/json'
}

function isBackground(c: Context<AppEnv>): boolean {
  return c.req.header(backgroundHeader) !== undefined || backgroundPaths.has(c.req.path)
}

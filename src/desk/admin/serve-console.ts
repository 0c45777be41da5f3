import type { Context, Next } from 'hono'
import type { AppEnv } from './app-options.ts'
import type { ConsoleFile, ConsoleFiles } from './console-files.ts'

/** Everything that is not the console's. */
const apiPaths = /^\/(?:v1|ledger)\/|^\/(?:v1|healthz|readyz|metrics|openapi\.json)$/
/** Pages of the console about one log stand where the API has only what is below. */
const logPages: ReadonlySet<string> = new Set(['/ledger/access', '/ledger/audit'])

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** Nothing of what a browser can do to its user is needed. */
const permissions = ['accelerometer', 'camera', 'geolocation', 'gyroscope', 'microphone', 'payment', 'usb']
  .map((name) => `${name}=()`)
  .join(', ')

const headers = {
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': permissions,
} as const

/**
 * Answers what asks for the console: its files by their names, and its page for every other path that a browser opens, for
 * the console finds its way by itself. Before authorization, for whoever signs in must see where; there is nothing in these
 * files that is not public.
 */
export async function serveConsole(c: Context<AppEnv>, next: Next, files: ConsoleFiles): Promise<Response | void> {
  const { path, method } = c.req
  if ((method !== 'GET' && method !== 'HEAD') || (apiPaths.test(path) && !logPages.has(path))) return await next()
  const file = path === '/' ? files.index() : files.find(path)
  if (file !== null) return answer(c, file)
  const isPage = !/\.[^/]*$/.test(path) && (c.req.header('accept') ?? '').includes('text/html')
  if (!isPage && path !== '/') return await next()
  const index = files.index()
  return index === null ? c.html(notBuilt, 503, headers) : answer(c, index)
}

function answer(c: Context<AppEnv>, file: ConsoleFile): Response {
  const accepted = c.req.header('accept-encoding') ?? ''
  const coding =
    file.br !== null && /\bbr\b/.test(accepted) ? 'br' : file.gzip !== null && /\bgzip\b/.test(accepted) ? 'gzip' : null
  const etag = coding === null ? file.etag : file.etag.replace(/"$/, `-${coding}"`)
  const kept = {
    ...headers,
    'content-type': file.type,
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag,
    ...(file.br === null && file.gzip === null ? {} : { vary: 'accept-encoding' }),
  }
  if (c.req.header('if-none-match') === etag) return c.body(null, 304, kept)
  const bytes = coding === null ? file.plain : (file[coding] ?? file.plain)
  const more = { ...(coding === null ? {} : { 'content-encoding': coding }), 'content-length': String(bytes.length) }
  // Of an answer to HEAD the server sends no body.
  return c.body(bytes, 200, { ...kept, ...more })
}

const notBuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Gatehouse</title>
<h1>The console is not built</h1>
<p>Build it with <code>npm run build:console</code> and load this page again. The admin API is at work: see <code>/openapi.json</code>.</p>
</html>
`

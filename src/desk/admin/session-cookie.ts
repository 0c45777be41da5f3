import type { Context } from 'hono'
import type { AppEnv } from './app-options.ts'

// Over plain HTTP a browser keeps no cookie with the prefix `__Host-` or with `Secure`, loopback or not (RFC 6265bis, 4.1.3).
const secureName = '__Host-gths'
const plainName = 'gths'

/** The secret in the session's cookie; null when there is none. Of several, which only another site can have set, none counts. */
export function sessionSecretOf(c: Context<AppEnv>): string | null {
  const name = c.env.secure ? secureName : plainName
  const values = (c.req.header('cookie') ?? '').split(';').flatMap((pair) => {
    const [key = '', value = ''] = pair.trim().split('=', 2)
    return key === name ? [value] : []
  })
  const [value] = values
  return values.length === 1 && value !== undefined && /^gths_[0-9A-Za-z]{49}$/.test(value) ? value : null
}

/** Gives the browser the secret of a session, or takes it away. Scripts cannot read it, and other sites cannot send it. */
export function putSessionCookie(c: Context<AppEnv>, secret: string | null): void {
  const attributes = `HttpOnly; SameSite=Strict; Path=/${c.env.secure ? '; Secure' : ''}${secret === null ? '; Max-Age=0' : ''}`
  c.header('set-cookie', `${c.env.secure ? secureName : plainName}=${secret ?? ''}; ${attributes}`)
}

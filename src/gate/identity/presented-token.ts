import type { ApiRequest } from '../../core/mod.ts'

/** What a request carries of an access token. */
export type PresentedToken =
  /** None; what else stands in `Authorization` is the business of others. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'token'; readonly text: string }
  /** More than one credential, or one where none may stand. */
  | { readonly kind: 'ambiguous'; readonly note: string }

/**
 * Looks for an access token in the one place where it may stand: `Authorization: Bearer` (RFC 6750 section 2.1). An API key
 * of ours there is none. One in the query is refused: it would stand in logs and histories (RFC 9700 section 4.3.2).
 */
export function presentedToken({ headers, query }: Pick<ApiRequest, 'headers' | 'query'>): PresentedToken {
  let authorization: string | null = null
  let hasApiKey = false
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'x-api-key') hasApiKey = true
    if (headers[i] !== 'authorization') continue
    if (authorization !== null) return { kind: 'ambiguous', note: 'Authorization was sent twice' }
    authorization = headers[i + 1] ?? ''
  }
  if (inQuery.test(query)) return { kind: 'ambiguous', note: 'an access token was sent in the query' }
  const text = authorization === null ? null : bearerOf(authorization)
  if (text === null) return nothing
  if (hasApiKey) return { kind: 'ambiguous', note: 'Authorization: Bearer and X-API-Key were both sent' }
  return { kind: 'token', text }
}

const nothing: PresentedToken = { kind: 'nothing' }
const inQuery = /(?:^|&)access_token=/

function bearerOf(authorization: string): string | null {
  const scheme = /^bearer +/i.exec(authorization)
  if (scheme === null || /(?:^|[\s,;="'])gthk_/.test(authorization)) return null
  return authorization.slice(scheme[0].length)
}

import { type AuthMethod, type Principal, refusal, type Refusal, type Route } from '../../core/mod.ts'

/**
 * Whether the caller may use the route: `null` when so. Default deny: whoever does not hold every scope of the route is
 * refused. The caller learns which scopes the route needs, as RFC 6750 has it, never which ones the credential holds.
 *
 * `realm` names the protection space in the challenge; it may come from the caller and is cleaned here.
 */
export function authorize(route: Route, principal: Principal, realm: string): Refusal | null {
  if (route.auth.length === 0) return null
  if (principal.kind === 'anonymous') return credentialMissing(route, realm)
  for (const scope of route.scopes) {
    if (!principal.scopes.has(scope)) return scopeLacking(route, principal)
  }
  return null
}

/** Without an error code, for nothing was wrong: nothing was there (RFC 6750 section 3.1). */
function credentialMissing({ auth }: Route, realm: string): Refusal {
  return refusal('credential_missing', auth.map((method) => ways[method]).join(', or '), {
    note: `no ${auth.map((method) => credentials[method]).join(' and no ')} was sent`,
    headers: ['www-authenticate', `Bearer realm="${realm.replaceAll(notQuotable, '')}"`],
  })
}

const ways: Readonly<Record<AuthMethod, string>> = {
  'api-key': 'Send an API key as Authorization: Bearer or as X-API-Key',
  oauth: 'Send an access token as Authorization: Bearer',
  mtls: 'Connect with a client certificate',
}
const credentials: Readonly<Record<AuthMethod, string>> = {
  'api-key': 'API key',
  oauth: 'access token',
  mtls: 'client certificate',
}

/** All that must not stand in a quoted string, or would have to be escaped there. */
const notQuotable = /[^ !#-[\]-~]/g

function scopeLacking(route: Route, principal: Extract<Principal, { kind: 'consumer' }>): Refusal {
  const lacking = route.scopes.filter((scope) => !principal.scopes.has(scope))
  return refusal(
    'insufficient_scope',
    `The ${credentials[principal.via]} does not have the scopes that this resource needs`,
    {
      note: `credential ${principal.credentialId} lacks ${lacking.join(' ')}`,
      headers: ['www-authenticate', `Bearer error="insufficient_scope", scope="${route.scopes.join(' ')}"`],
    },
  )
}

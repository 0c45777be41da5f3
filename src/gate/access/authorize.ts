import { type Principal, refusal, type Refusal, type Route } from '../../core/mod.ts'

/**
 * Whether the caller may use the route: `null` when so. Default deny: whoever does not hold every scope of the route is
 * refused. The caller learns which scopes the route needs, as RFC 6750 has it, never which ones the credential holds.
 *
 * `realm` names the protection space in the challenge; it may come from the caller and is cleaned here.
 */
export function authorize(route: Route, principal: Principal, realm: string): Refusal | null {
  if (route.auth === 'none') return null
  if (principal.kind === 'anonymous') return credentialMissing(realm)
  for (const scope of route.scopes) {
    if (!principal.scopes.has(scope)) return scopeLacking(route, principal)
  }
  return null
}

/** Without an error code, for nothing was wrong: nothing was there (RFC 6750 section 3.1). */
function credentialMissing(realm: string): Refusal {
  return refusal('credential_missing', 'Send an API key as Authorization: Bearer or as X-API-Key', {
    note: 'no API key was sent',
    headers: ['www-authenticate', `Bearer realm="${realm.replaceAll(notQuotable, '')}"`],
  })
}

/** All that must not stand in a quoted string, or would have to be escaped there. */
const notQuotable = /[^ !#-[\]-~]/g

function scopeLacking(route: Route, principal: Extract<Principal, { kind: 'consumer' }>): Refusal {
  const lacking = route.scopes.filter((scope) => !principal.scopes.has(scope))
  return refusal('insufficient_scope', 'The API key does not have the scopes that this resource needs', {
    note: `credential ${principal.credentialId} lacks ${lacking.join(' ')}`,
    headers: ['www-authenticate', `Bearer error="insufficient_scope", scope="${route.scopes.join(' ')}"`],
  })
}

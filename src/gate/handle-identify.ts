import { anonymous, type ApiRequest, type Headers, type Principal, type Refusal, type Route } from '../core/mod.ts'
import type { Draft } from './handle-record.ts'
import type { Gate } from './handle-stages.ts'
import type { Authenticated, Identified, Unidentified } from './identity/mod.ts'

/** Who is calling, or why that could not be told. */
export interface Caller {
  readonly principal: Principal
  readonly refusal: Refusal | null
  /** Fields that carried a credential and never reach the upstream. */
  readonly strip: readonly string[]
}

/** What of a request's way the identification needs. */
export interface Asked {
  readonly gate: Pick<Gate, 'authenticators' | 'clock'>
  readonly request: ApiRequest
  readonly draft: Draft
}

/**
 * Who is calling, by whichever of the route's ways a credential is there for. On a route without authentication nobody is
 * asked, but a key of ours still never reaches the upstream. A promise only where an authenticator gave one: the way of an API
 * key waits for nothing.
 */
export function identify(asked: Asked, route: Route): Caller | Promise<Caller> {
  const { gate, request, draft } = asked
  const nowMs = gate.clock.wallMs()
  for (const [at, authenticator] of gate.authenticators.entries()) {
    if (!route.auth.includes(authenticator.method)) continue
    const found = authenticator.authenticate(request, nowMs)
    if (found === null) continue
    return found instanceof Promise ? laterCaller(asked, route, { found, at }) : callerOf(found, request, draft)
  }
  return { principal: anonymous, refusal: null, strip: ownKeys(request.headers) }
}

async function laterCaller(
  asked: Asked,
  route: Route,
  { found, at }: { readonly found: Promise<Authenticated>; readonly at: number },
): Promise<Caller> {
  const known = await found
  if (known !== null) return callerOf(known, asked.request, asked.draft)
  const { authenticators, clock } = asked.gate
  return await identify({ ...asked, gate: { authenticators: authenticators.slice(at + 1), clock } }, route)
}

function callerOf(found: Identified | Unidentified, { headers }: ApiRequest, draft: Draft): Caller {
  if (found.kind === 'refused') {
    draft.credentialId = found.credentialId
    return { principal: anonymous, refusal: found.refusal, strip: ownKeys(headers) }
  }
  const { principal, strip } = found
  if (principal.kind === 'consumer') {
    draft.consumerId = principal.consumerId
    draft.consumer = principal.consumerName
    draft.credentialId = principal.credentialId
    draft.identifiedBy = principal.via
    draft.scopesHeld = [...principal.scopes]
  }
  return { principal, refusal: null, strip: strip.length === 0 ? ownKeys(headers) : strip }
}

/** Names of the credential fields that carry something shaped like our key. A foreign token is the upstream's business. */
export function ownKeys(headers: Headers): readonly string[] {
  let strip: readonly string[] = none
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if ((name === 'authorization' || name === 'x-api-key') && ownKey.test(headers[i + 1] ?? ''))
      strip = [...strip, name]
  }
  return strip
}

const none: readonly string[] = []
const ownKey = /\bgthk_(?:live|test)_/

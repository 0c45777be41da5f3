import { GatehouseError, type TokenIssuer } from '../../core/mod.ts'
import type { Answer, Outbound, OutboundRequest } from '../../outbound/mod.ts'
import { type KeySet, readKeySet } from './key-set.ts'
import { readStrictJson } from './strict-json.ts'

/** Keys as they came from their issuer. */
export interface Fetched {
  readonly keys: KeySet
  /** How long they may be used without asking again, as the answer says; null where it does not. */
  readonly freshMs: number | null
}

/** Where keys come from. Throws for whatever is no usable set of keys. */
export interface KeySource {
  fetch(issuer: TokenIssuer): Promise<Fetched>
}

const deadlineMs = 3_000
const bytesMax = 1024 * 1024
const depthMax = 8

/**
 * Asks issuers over the guarded way out. Where the configuration names no address of keys, it is found by the issuer's metadata,
 * of OAuth (RFC 8414) or of OpenID Connect, which must name the issuer that was asked for (RFC 8414 3.3). Redirects are errors.
 */
export function openKeySource(outbound: Pick<Outbound, 'request'>): KeySource {
  const get = async (url: string, named: OutboundRequest['named']): Promise<Answer> => {
    const headers = { accept: 'application/json' }
    const answer = await outbound.request({
      url,
      headers,
      deadlineMs,
      answerBytesMax: bytesMax,
      named: named ?? 'data',
    })
    if (answer.status !== 200) throw unusable(url, `it answered ${answer.status}`)
    if (answer.isCut) throw unusable(url, `it is larger than ${bytesMax} bytes`)
    return answer
  }
  return {
    fetch: async (issuer) => {
      const url = issuer.jwksUrl ?? (await keysUrlOf(issuer, get))
      // What the metadata says is data, but for keys at the very place that the configuration names.
      const isNamed = issuer.jwksUrl !== null || new URL(url).origin === new URL(issuer.issuer).origin
      const { headers, body } = await get(url, isNamed ? 'operator' : 'data')
      return { keys: readKeySet(body), freshMs: freshMsOf(headers['cache-control'] ?? '') }
    },
  }
}

type Get = (url: string, named: OutboundRequest['named']) => Promise<Answer>

async function keysUrlOf({ issuer }: TokenIssuer, get: Get): Promise<string> {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
  let failure: unknown = null
  for (const url of urls) {
    try {
      const { body } = await get(url, 'operator')
      return keysUrlIn(body, issuer, url)
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}

function keysUrlIn(body: Uint8Array, issuer: string, url: string): string {
  const metadata = readStrictJson(body, depthMax)
  if (!(metadata instanceof Map) || metadata.get('issuer') !== issuer)
    throw unusable(url, 'it is not the metadata of the issuer that was asked for')
  const found: unknown = metadata.get('jwks_uri')
  if (typeof found !== 'string' || !URL.canParse(found)) throw unusable(url, 'it names no jwks_uri')
  return found
}

/** RFC 9111 5.2.2.1; what must not be kept is asked for again as often as our own bounds allow. */
function freshMsOf(cacheControl: string): number | null {
  if (/(?:^|,)\s*no-(?:store|cache)\b/i.test(cacheControl)) return 0
  const [, seconds] = /(?:^|,)\s*max-age="?(\d{1,9})/i.exec(cacheControl) ?? []
  return seconds === undefined ? null : Number(seconds) * 1000
}

function unusable(url: string, why: string): GatehouseError {
  return new GatehouseError('unreachable', `Cannot use ${url}: ${why}`)
}

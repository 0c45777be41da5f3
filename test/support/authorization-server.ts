import { createServer, type RequestListener, type Server } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'

/** What is used of `oidc-provider`, which brings no types. */
interface Provider {
  callback(): RequestListener
}
type ProviderClass = new (issuer: string, configuration: object) => Provider

/** A whole authorization server of somebody else's making, on loopback. */
export interface AuthorizationServer extends AsyncDisposable {
  readonly issuer: string
  /** Requests that it has answered, by path. */
  readonly asked: Map<string, number>
  /** An access token (`at+jwt`) for the audience `orders-api`, by client credentials and a resource indicator (RFC 8707). */
  token(scope?: string): Promise<string>
  /** Takes another key and forgets the one before. */
  rotate(): Promise<void>
  /** Nobody is there until `start`. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** A name that the compiler does not look up, since there are no types to be found. */
const library: string = 'oidc-provider'
const clientId = 'shop'
const secret = 'a-secret-of-the-tests'
const resource = 'https://orders.test'

export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  const { default: Provider } = (await import(library)) as { default: ProviderClass } // that of the library
  const asked = new Map<string, number>()
  let server: Server | null = null
  let port = 0
  let callback: RequestListener | null = null
  let keys = 0
  const take = async (): Promise<void> => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await exportJWK(privateKey)), kid: `key-${++keys}`, alg: 'ES256', use: 'sig' }
    callback = new Provider(`http://127.0.0.1:${port}`, configurationOf(jwk)).callback()
  }
  const start = async (): Promise<void> => {
    const begun = createServer((request, response) => {
      const [path = ''] = (request.url ?? '').split('?')
      asked.set(path, (asked.get(path) ?? 0) + 1)
      callback?.(request, response)
    })
    server = begun
    await new Promise<void>((resolve) => begun.listen(port, '127.0.0.1', resolve))
    const address = begun.address()
    if (address !== null && typeof address === 'object') port = address.port
  }
  const stop = async (): Promise<void> => {
    const ending = server
    server = null
    if (ending === null) return
    ending.closeAllConnections()
    await new Promise((resolve) => ending.close(resolve))
  }
  await start()
  await take()
  const issuer = `http://127.0.0.1:${port}`
  return {
    issuer,
    asked,
    token: (scope = 'orders:read') => tokenOf(issuer, scope),
    rotate: take,
    stop,
    start,
    [Symbol.asyncDispose]: stop,
  }
}

function configurationOf(jwk: object): object {
  return {
    clients: [
      {
        client_id: clientId,
        client_secret: secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: 'ES256',
        scope: 'orders:read orders:write',
      },
    ],
    jwks: { keys: [jwk] },
    scopes: ['orders:read', 'orders:write'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          audience: 'orders-api',
          scope: 'orders:read orders:write',
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  }
}

async function tokenOf(issuer: string, scope: string): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      connection: 'close',
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope, resource }),
  })
  const body = (await answer.json()) as { access_token?: string } // RFC 6749 5.1
  if (body.access_token === undefined) throw new Error(`No token: ${answer.status} ${JSON.stringify(body)}`)
  return body.access_token
}

import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { ApiRequest, ClientCertificate, TokenIssuer } from '../../../core/mod.ts'
import type { KeySet } from '../key-set.ts'

export const nowMs: number = Date.UTC(2026, 0, 15)

export const sampleIssuer: TokenIssuer = {
  name: 'main',
  issuer: 'https://id.test',
  audiences: ['orders-api'],
  algorithms: ['ES256', 'EdDSA', 'PS256', 'RS256'],
  jwksUrl: null,
  clockSkewMs: 5_000,
  ageMsMax: 3_600_000,
  scopesClaim: 'scope',
  acr: [],
  denied: [],
}

/** A key of an issuer, and tokens that it signs. */
export interface TestSigner {
  readonly keys: KeySet
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
}

export async function testSigner(kid = 'k1', algorithm = 'ES256'): Promise<TestSigner> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = (await exportJWK(publicKey)) as JWK & Record<string, string> // a public key has texts alone
  return {
    keys: [{ kid, alg: null, jwk }],
    sign: async (claims = {}, header = {}) =>
      await new SignJWT({ ...claimsOf(), ...claims })
        .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid, ...header })
        .sign(privateKey),
  }
}

function claimsOf(): Record<string, unknown> {
  const nowS = nowMs / 1000
  return {
    iss: sampleIssuer.issuer,
    aud: 'orders-api',
    sub: 'user-1',
    client_id: 'shop',
    jti: 'token-1',
    iat: nowS,
    exp: nowS + 300,
    scope: 'orders:read orders:write',
  }
}

/** A request with these fields, by a connection with this certificate. */
export function requestWith(headers: readonly string[], client: ClientCertificate | null = null): ApiRequest {
  return {
    id: '0'.repeat(32),
    traceId: '0'.repeat(32),
    spanId: '0'.repeat(16),
    traceFlags: '00',
    receivedAtMs: nowMs,
    startedMs: 0,
    scheme: 'https',
    tls: {
      facts: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', clientCert: client?.sha256 ?? null },
      client,
    },
    protocol: 'HTTP/1.1',
    method: 'GET',
    host: 'api.example',
    authority: 'api.example',
    path: '/v1/orders',
    query: '',
    headers,
    peer: { address: '127.0.0.1', port: 1, clientIp: '127.0.0.1', trustedHop: null },
    bodyBytes: 0,
    headBytes: 0,
  }
}

export function bearer(token: string, client: ClientCertificate | null = null): ApiRequest {
  return requestWith(['authorization', `Bearer ${token}`], client)
}

/** The event that is recorded over and over: what a request with a key, a scope and one limit leaves. */
import { type AccessEvent, emptyEvent } from '../../src/core/mod.ts'

/** An event that its owner changes from one record to the next, as the gate changes its draft. */
export type SampleEvent = { -readonly [K in keyof AccessEvent]: AccessEvent[K] }

/** A new one, about as long as real ones are. */
export function sampleEvent(): SampleEvent {
  return {
    ...emptyEvent,
    kind: 'request',
    id: requestIdOf(0),
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    receivedAtMs: 1_790_000_000_000,
    durationUs: 2345,
    upstreamFirstByteUs: 1890,
    peer: '203.0.113.17',
    peerPort: 51_334,
    clientIp: '203.0.113.17',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    scheme: 'https',
    protocol: '1.1',
    method: 'GET',
    host: 'api.example.com',
    path: '/v1/orders/184467',
    query: 'expand=items',
    responseBytes: 1024,
    api: 'orders',
    route: 'GET /v1/orders/{id}',
    mode: 'enforce',
    durability: 'durable',
    revision: 7,
    consumerId: 'c_5f3a2b9c1d',
    consumer: 'acme-web',
    credentialId: 'k_9c1d5f3a2b',
    identifiedBy: 'api-key',
    scopesNeeded: ['orders:read'],
    scopesHeld: ['orders:read'],
    limits: [
      {
        name: 'per-consumer',
        per: 'consumer',
        limit: 6000,
        windowMs: 60_000,
        used: 412,
        resetMs: 31_000,
        admitted: true,
        coarser: false,
      },
    ],
    outcome: 'served',
    status: 200,
    upstream: 'http://10.0.3.7:8080',
    upstreamStatus: 200,
    attempts: 1,
  }
}

/** A request id that says which one it is. */
export function requestIdOf(count: number): string {
  return count.toString(16).padStart(32, '0')
}

import fc from 'fast-check'
import { type AccessEvent, type AuditEvent, type AuditKind, emptyEvent } from '../../../core/mod.ts'

/** A request as the gate records it. */
export const servedEvent: AccessEvent = {
  ...emptyEvent,
  id: '5f2c0a1be7d84c90a3b1f6d2e4c58790',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  receivedAtMs: 1_795_212_179_243,
  durationUs: 3_104,
  upstreamFirstByteUs: 2_000,
  peer: '198.51.100.70',
  peerPort: 51_234,
  clientIp: '198.51.100.70',
  userAgent: 'shop/1.0',
  scheme: 'https',
  protocol: 'HTTP/1.1',
  method: 'GET',
  host: 'api.example.com',
  path: '/v1/orders/7',
  query: 'page=2',
  responseBytes: 512,
  api: 'orders',
  route: 'GET /v1/orders/{id}',
  mode: 'enforce',
  durability: 'durable',
  revision: 4,
  consumerId: 'c1',
  consumer: 'acme',
  credentialId: 'A1b2C3d4E5f6',
  identifiedBy: 'api-key',
  scopesNeeded: ['orders:read'],
  scopesHeld: ['orders:read', 'orders:write'],
  outcome: 'served',
  status: 200,
  upstream: 'http://127.0.0.1:3000',
  upstreamStatus: 200,
  attempts: 1,
}

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }).map((value) => value.toWellFormed()),
  fc.constantFrom('', 'GET', 'fe80::1%eth0', '"]\\', '\n', '__proto__'),
)
const orNull = fc.option(text)
const count = fc.oneof(fc.nat(), fc.maxSafeInteger(), fc.constantFrom(0, 1, 2 ** 32))
const address = fc.oneof(fc.ipV4(), fc.ipV6(), text)
const texts = fc.array(text, { maxLength: 3 })

/** Any record that the gate could ever write, and many that it could not. */
export const anyAccess: fc.Arbitrary<AccessEvent> = fc
  .record({
    kind: fc.constantFrom('request', 'amended'),
    opening: orNull,
    id: text,
    traceId: text,
    receivedAtMs: count,
    durationUs: count,
    upstreamFirstByteUs: fc.option(count),
    peer: address,
    peerPort: fc.nat(65_535),
    clientIp: address,
    trustedHop: orNull,
    userAgent: orNull,
    scheme: text,
    tls: fc.option(fc.record({ version: text, cipher: text, clientCert: orNull })),
    protocol: text,
    method: fc.oneof(text, fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND')),
    host: text,
    path: text,
    query: text,
    requestBytes: count,
    responseBytes: count,
    api: orNull,
    route: orNull,
    mode: fc.constantFrom('observe', 'enforce', null),
    durability: fc.constantFrom('durable', 'buffered', null),
    revision: count,
    consumerId: orNull,
    consumer: orNull,
    credentialId: orNull,
    identifiedBy: orNull,
    scopesNeeded: texts,
    scopesHeld: texts,
    limits: fc.array(
      fc.record({
        name: text,
        per: text,
        limit: count,
        windowMs: count,
        used: count,
        resetMs: count,
        admitted: fc.boolean(),
        coarser: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
    outcome: fc.constantFrom('served', 'refused', 'failed', 'aborted'),
    reason: fc.constantFrom('quota_exceeded', 'ledger_full', null),
    note: text,
    wouldRefuse: fc.constantFrom('no_route', null),
    status: fc.oneof(fc.constant(0), fc.nat(599)),
    upstream: orNull,
    upstreamStatus: fc.option(count),
    attempts: count,
    thread: count,
    unknown: texts,
    cut: fc.option(fc.record({ bytes: count, sha256: text })),
  })
  .map((event) => ({ ...servedEvent, ...event }))

/** Every kind of audit event that is mapped by name, and one of a later version. */
export const auditKinds: readonly AuditKind[] = [
  'gate.started',
  'gate.stopped',
  'clock.stepped',
  'config.revision',
  'policy.changed',
  'consumer.created',
  'consumer.changed',
  'key.created',
  'key.revoked',
  'key.rotated',
  'network.blocked',
  'network.allowed',
  'network.released',
  'admin.token',
  'admin.invited',
  'admin.created',
  'admin.removed',
  'admin.signed_in',
  'admin.sign_in_refused',
  'admin.signed_out',
  'finding.raised',
  'incident.opened',
  'incident.changed',
  'notification.failed',
  'export.gap',
  'review.opened',
  'review.decided',
  'review.signed',
  'review.overdue',
  'drill.started',
  'certificate.loaded',
  'ledger.heartbeat',
  'ledger.recovered',
  'ledger.scrubbed',
  'ledger.closing',
]

const detailName = fc.oneof(
  fc.constantFrom(
    'name',
    'state',
    'severity',
    'title',
    'rule',
    'id',
    'finding',
    'keyId',
    'consumerId',
    'admin',
    'note',
  ),
  text,
)
const detail = fc.oneof(text, fc.maxSafeInteger(), fc.boolean(), texts, fc.constantFrom('resolved', 'high', 'disabled'))

/** Any audit event, whatever its details. */
export const anyAudit: fc.Arbitrary<AuditEvent> = fc.record(
  {
    kind: fc.constantFrom(...auditKinds),
    atMs: count,
    actor: fc.oneof(fc.constantFrom('gate', 'desk', 'token', 'socket', 'admin:ada', 'admin:'), text),
    details: fc.dictionary(detailName, detail, { maxKeys: 6 }),
  },
  { noNullPrototype: true },
)

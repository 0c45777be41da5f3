import type { AuditEvent, AuditKind, AuditValue } from '../../core/mod.ts'
import {
  type Activity,
  classified,
  isAddress,
  known,
  metadata,
  type OcsfClass,
  type OcsfEvent,
  type Product,
  severityIds,
  type SeverityName,
} from './ocsf-parts.ts'

/** A record of the audit log with its place. */
export interface PlacedAudit {
  readonly seq: number
  readonly recordedAtUs: number
  readonly event: AuditEvent
}

/**
 * A record of what was done to Gatehouse as OCSF 1.8.0: Entity Management (3004) for keys, consumers, networks, policies,
 * reviews and administrators; Authentication (3002) for their sessions; Detection Finding (2004) for findings and incidents;
 * Application Lifecycle (6002) for the rest. All details stand in `unmapped`.
 */
export function auditToOcsf({ seq, recordedAtUs, event }: PlacedAudit, product: Product): OcsfEvent {
  const shape = shapeOf(event)
  return {
    ...classified(shape.class, shape.activity, shape.severity ?? 'info'),
    ...(shape.status ?? { status_id: 1, status: 'Success' }),
    time: event.atMs,
    message: shape.message ?? event.kind,
    metadata: metadata(product, {
      log: 'audit',
      uid: textOf(event, 'id') ?? `audit/${seq}`,
      seq,
      recordedAtUs,
      code: event.kind,
      profiles: ['host'],
    }),
    actor: actorOf(event.actor),
    ...shape.members(product),
    unmapped: { kind: event.kind, actor: event.actor, details: event.details },
  }
}

interface Shape {
  readonly class: OcsfClass
  readonly activity: Activity
  readonly severity?: SeverityName
  readonly status?: OcsfEvent
  readonly message?: string
  /** What is the class's own. */
  readonly members: (product: Product) => OcsfEvent
}

const activity = {
  create: { id: 1, name: 'Create' },
  update: { id: 3, name: 'Update' },
  remove: { id: 4, name: 'Delete' },
  enable: { id: 8, name: 'Enable' },
  disable: { id: 9, name: 'Disable' },
  deactivate: { id: 11, name: 'Deactivate' },
  other: { id: 99, name: 'Other' },
} as const

/** What a kind of Entity Management does to what: OCSF's `type_id` of the entity, and our name for it. */
const managed: Partial<Record<AuditKind, { does: Activity; type: string; typeId: number; severity?: SeverityName }>> = {
  'consumer.created': { does: activity.create, type: 'Consumer', typeId: 99 },
  'consumer.changed': { does: activity.update, type: 'Consumer', typeId: 99 },
  'key.created': { does: activity.create, type: 'API key', typeId: 99 },
  'key.revoked': { does: activity.deactivate, type: 'API key', typeId: 99 },
  'key.rotated': { does: activity.update, type: 'API key', typeId: 99 },
  'network.blocked': { does: activity.create, type: 'Network Zone', typeId: 7, severity: 'low' },
  'network.allowed': { does: activity.create, type: 'Network Zone', typeId: 7 },
  'network.released': { does: activity.remove, type: 'Network Zone', typeId: 7 },
  'policy.changed': { does: activity.update, type: 'Policy', typeId: 5 },
  'config.revision': { does: activity.update, type: 'Policy', typeId: 5 },
  'admin.token': { does: activity.update, type: 'User', typeId: 2, severity: 'low' },
  'admin.invited': { does: activity.create, type: 'User', typeId: 2 },
  'admin.created': { does: activity.create, type: 'User', typeId: 2, severity: 'low' },
  'admin.removed': { does: activity.remove, type: 'User', typeId: 2 },
  'review.opened': { does: activity.create, type: 'Review', typeId: 99 },
  'review.decided': { does: activity.update, type: 'Review', typeId: 99 },
  'review.signed': { does: activity.update, type: 'Review', typeId: 99 },
  'review.overdue': { does: activity.other, type: 'Review', typeId: 99, severity: 'low' },
}

function shapeOf(event: AuditEvent): Shape {
  const of = managed[event.kind]
  if (of !== undefined) return entityShape(event, of)
  switch (event.kind) {
    case 'admin.signed_in':
    case 'admin.sign_in_refused':
    case 'admin.signed_out':
      return signInShape(event)
    case 'finding.raised':
    case 'incident.opened':
    case 'incident.changed':
      return findingShape(event)
    default:
      return lifecycleShape(event)
  }
}

function entityShape(
  event: AuditEvent,
  of: { does: Activity; type: string; typeId: number; severity?: SeverityName },
): Shape {
  const state = textOf(event, 'state')
  const does =
    of.type !== 'Consumer'
      ? of.does
      : state === 'disabled'
        ? activity.disable
        : state === 'active'
          ? activity.enable
          : of.does
  const entity = known({
    name: textOf(event, 'plan', 'name', 'network', 'admin', 'consumer'),
    uid: textOf(event, 'keyId', 'consumerId', 'rule', 'run'),
  })
  return {
    class: 'entity_management',
    activity: event.kind === 'consumer.changed' ? does : of.does,
    severity: of.severity ?? 'info',
    members: () => ({
      entity: {
        ...(Object.keys(entity).length === 0 ? { name: event.kind } : entity),
        type: of.type,
        type_id: of.typeId,
      },
    }),
  }
}

function signInShape(event: AuditEvent): Shape {
  const refused = event.kind === 'admin.sign_in_refused'
  const address = textOf(event, 'address') ?? ''
  return {
    class: 'authentication',
    activity: event.kind === 'admin.signed_out' ? { id: 2, name: 'Logoff' } : { id: 1, name: 'Logon' },
    severity: refused ? 'low' : 'info',
    status: refused ? { status_id: 2, status: 'Failure' } : { status_id: 1, status: 'Success' },
    members: () => ({
      user: { name: textOf(event, 'admin', 'name') ?? adminOf(event.actor) ?? 'unknown', type_id: 2, type: 'Admin' },
      service: { name: 'Gatehouse admin' },
      ...(isAddress(address) ? { src_endpoint: { ip: address } } : {}),
    }),
  }
}

function findingShape(event: AuditEvent): Shape {
  const severity = textOf(event, 'severity')
  const closed = event.kind === 'incident.changed' && textOf(event, 'to', 'state') === 'resolved'
  const rule = textOf(event, 'rule', 'ruleId')
  return {
    class: 'detection_finding',
    activity: closed
      ? { id: 3, name: 'Close' }
      : event.kind === 'incident.changed'
        ? { id: 2, name: 'Update' }
        : { id: 1, name: 'Create' },
    severity: isSeverity(severity) ? severity : 'medium',
    status: closed ? { status_id: 4, status: 'Resolved' } : { status_id: 1, status: 'New' },
    ...known({ message: textOf(event, 'title', 'rule') }),
    members: () => ({
      is_alert: true,
      finding_info: {
        uid: textOf(event, 'finding', 'incident', 'fingerprint') ?? event.kind,
        ...known({ title: textOf(event, 'title', 'rule'), desc: textOf(event, 'why', 'actor') }),
        ...(rule === null ? {} : { analytic: { uid: rule, type_id: 1, type: 'Rule' } }),
      },
    }),
  }
}

function isSeverity(text: string | null): text is SeverityName {
  return text !== null && Object.hasOwn(severityIds, text)
}

const lifecycles: Partial<Record<AuditKind, { does: Activity; severity?: SeverityName; failed?: true }>> = {
  'gate.started': { does: { id: 3, name: 'Start' } },
  'gate.stopped': { does: { id: 4, name: 'Stop' } },
  'certificate.loaded': { does: { id: 8, name: 'Update' } },
  'clock.stepped': { does: activity.other, severity: 'low' },
  'notification.failed': { does: activity.other, severity: 'medium', failed: true },
  'export.gap': { does: activity.other, severity: 'high', failed: true },
  'ledger.recovered': { does: activity.other, severity: 'low' },
  'ledger.disputed': { does: activity.other, severity: 'high' },
}

function lifecycleShape({ kind }: AuditEvent): Shape {
  const { does, severity = 'info', failed = false } = lifecycles[kind] ?? { does: activity.other }
  return {
    class: 'application_lifecycle',
    activity: does,
    severity,
    status: failed ? { status_id: 2, status: 'Failure' } : { status_id: 1, status: 'Success' },
    members: ({ version }) => ({ app: { name: 'Gatehouse', vendor_name: 'Gatehouse', version } }),
  }
}

/** `admin:<name>` is a person; everything else is a part of Gatehouse or a door to it. */
function actorOf(actor: string): OcsfEvent {
  const name = adminOf(actor)
  return name === null ? { app_name: `gatehouse ${actor}` } : { user: { name, type_id: 2, type: 'Admin' } }
}

function adminOf(actor: string): string | null {
  return actor.startsWith('admin:') ? actor.slice('admin:'.length) : null
}

function textOf({ details }: AuditEvent, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value: AuditValue | undefined = Object.hasOwn(details, name) ? details[name] : undefined
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') return String(value)
  }
  return null
}

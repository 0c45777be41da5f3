/**
 * The vocabulary that both wings share: what a request, a refusal, a record, a snapshot is.
 *
 * Architecture invariant: `core` imports nothing and touches no built-in module.
 * @module
 */
export { emptyEvent } from './access-event-empty.ts'
export { decodeAccessEvent, encodeAccessEvent } from './access-event-json.ts'
export { fieldCharsMax, type AccessEvent, type LimitReading, type Outcome } from './access-event.ts'
export type { Api, Durability, LimitPartition, LimitPolicy, Mode, Route, Upstream } from './api.ts'
export type { ApiRequest, Peer } from './api-request.ts'
export {
  decodeAuditEntry,
  encodeAuditEntry,
  joinAuditEntry,
  type AuditActor,
  type AuditDetails,
  type AuditEntry,
  type AuditKind,
  type AuditValue,
} from './audit-entry.ts'
export { systemClock, type Clock } from './clock.ts'
export type { Consumer, Credential } from './consumer.ts'
export { errorCodes, GatehouseError, hasCode, messageOf, type ErrorCode } from './errors.ts'
export { ledgerLogs, type Follower, type LedgerLog, type LedgerRecord } from './follower.ts'
export type { GateStatus, GatewayThreadStatus, LedgerStatus } from './gate-status.ts'
export { headerValue, headerValues, type Headers } from './headers.ts'
export { anonymous, type Principal } from './principal.ts'
export { reasons, refusal, type Reason, type Refusal } from './refusal.ts'
export type { ConnectionLimits, GateSettings, LedgerSettings, Policy, Snapshot, SnapshotChange } from './snapshot.ts'

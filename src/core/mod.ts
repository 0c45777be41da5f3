/**
 * The vocabulary that both wings share: what a request, a refusal, a record, a snapshot is.
 *
 * Architecture invariant: `core` imports nothing and touches no built-in module.
 * @module
 */
export { emptyEvent } from './access-event-empty.ts'
export { decodeAccessEvent, joinAccessEvent, openingOf } from './access-event-decode.ts'
export { encodeAccessEvent, type PartWriters } from './access-event-encode.ts'
export type { AccessEvent, CutMark, LimitReading, Outcome } from './access-event.ts'
export {
  decodeAuditEvent,
  encodeAuditEvent,
  joinAuditEvent,
  type AuditEvent,
  type AuditKind,
  type AuditValue,
} from './audit-event.ts'
export { fieldCharsMax, TextWriter } from './text-writer.ts'
export type {
  Api,
  ApiNetworks,
  AuthMethod,
  Durability,
  LimitPartition,
  LimitPolicy,
  Mode,
  Route,
  Upstream,
} from './api.ts'
export type { ApiRequest, Peer } from './api-request.ts'
export { systemClock, type Clock } from './clock.ts'
export type { Consumer, Credential } from './consumer.ts'
export { accessEventOf } from './decoded-event.ts'
export type { DocumentRange, Documents, DocumentWrite, StoredDocument, Told } from './documents.ts'
export { errorCodes, GatehouseError, hasCode, messageOf, type ErrorCode } from './errors.ts'
export {
  atLeast,
  severities,
  worse,
  type Evidence,
  type Finding,
  type FindingActor,
  type FindingBaseline,
  type Severity,
} from './finding.ts'
export type { ContractMode, ContractRules, ContractViolation, JsonRules } from './contract.ts'
export { factsBytesMax, noFacts, type Facts } from './facts.ts'
export { ledgerLogs, type Follower, type LedgerLog, type LedgerRecord } from './follower.ts'
export type {
  DiskStatus,
  GateStatus,
  GatewayThreadStatus,
  LedgerStatus,
  LogStatus,
  ScrubStatus,
  UpstreamState,
  UpstreamStatus,
} from './gate-status.ts'
export { headerValue, headerValues, type Headers } from './headers.ts'
export { networkRulesMax, type NetworkRule } from './network-rule.ts'
export { ipv4Number } from './ipv4.ts'
export { nearest } from './nearest-word.ts'
export {
  type Balance,
  type BreakerRules,
  type EjectRules,
  type HealthRules,
  type PoolRules,
  poolRulesDefault,
  type RetryRules,
} from './pool-rules.ts'
export { anonymous, type Principal } from './principal.ts'
export type { Role, RolePattern } from './role.ts'
export { patternAllows, type PatternCoverage, patternCoverage } from './role-pattern.ts'
export { withoutSecrets } from './secrets.ts'
export { reasons, refusal, type Reason, type Refusal } from './refusal.ts'
export type { ConnectionLimits, GateSettings, LedgerSettings, Policy, Snapshot, SnapshotChange } from './snapshot.ts'
export type { ClientCertificate, ConnectionTls, TlsFacts, TlsSettings, UpstreamTls } from './tls.ts'
export { tokenAlgorithms, type TokenAlgorithm, type TokenIssuer } from './token-issuer.ts'

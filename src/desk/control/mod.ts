/**
 * Consumers, their credentials, rules about networks, the policy and the revision: what the gate decides by, and the only place that changes it.
 *
 * Architecture invariant: a change and the audit event that tells of it are durable in the control store before any gate
 * hears of it, and revisions grow by one.
 * @module
 */
export { type AdminRole, adminRoles } from './admin-rules.ts'
export { type AdminSession, sessionIdleMs, sessionMsMax, type SignInPlace } from './admin-sessions.ts'
export type { Admins, AdminUser, Entered, Invitation, SetUpWish, SignedIn, SignInAnswer } from './admin-types.ts'
export { openAdmins } from './admins.ts'
export { createTokenVerifier, ensureAdminToken } from './admin-token.ts'
export type { Actor } from './changer.ts'
export { type ControlState, type ControlStore, type OutboxEntry, outboxMax } from './control-store.ts'
export {
  type Applied,
  type AuditOutbox,
  type Changes,
  type Control,
  type ControlOptions,
  openControl,
} from './control.ts'
export type { CreatedKey, ReleasedNetworks, RevokedKey, RotatedKey, SetPolicy } from './control.ts'
export type { CertificateWish, RegisteredCertificate } from './draft-certificate.ts'
export { consumersMax, type ConsumerWish, credentialsMax, type KeyWish } from './drafts.ts'
export { blockMsDefault, type NetworkWish, reasonCharsMax } from './networks.ts'
export { isUsable, overlapMsDefault, overlapMsMax, type RotationWish } from './rotation.ts'
export { documentsMaxDefault, openMemoryControlStore, outboxFull } from './memory-control-store.ts'
export {
  consumerNamePattern,
  expiresInMsMax,
  roleNamePattern,
  rolesMax,
  scopeCharsMax,
  scopePattern,
  scopesMax,
} from './rules.ts'

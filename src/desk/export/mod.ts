/**
 * Everything that is recorded, delivered to receivers elsewhere as OCSF events: syslog over TLS, and webhooks.
 *
 * Architecture invariant: a cursor moves only behind what a receiver has acknowledged, and nothing here holds up anything else.
 * @module
 */
export {
  type Exports,
  type ExportOptions,
  openExports,
  type SinkSettings,
  type SinkStatus,
  type SinkTest,
} from './exports.ts'
export type { ExportOnly } from './items.ts'
export { accessToOcsf, type PlacedAccess } from './ocsf-access.ts'
export { auditToOcsf, type PlacedAudit } from './ocsf-audit.ts'
export type { OcsfEvent, Product } from './ocsf-parts.ts'

/**
 * The admin API: consumers, keys, records, the logs and their proofs, the live stream and metrics, over loopback and a local socket.
 *
 * Architecture invariant: a response never holds a key but the one that it made, nor any hash of one.
 * @module
 */
export { setUpUrl } from './routes-admins.ts'
export type { AlertsDoor, DrillsDoor, IncidentsDoor } from './alert-doors.ts'
export { type Admin, type AdminOptions, openAdmin } from './admin.ts'
export { type ConsoleFiles, openConsoleFiles } from './console-files.ts'
export type { ReloadResult } from './app-options.ts'
export type { LedgerDoor } from './ledger-door.ts'
export { type LivePace, livePace } from './live-stream.ts'
export { type Figure, type Metrics, type MetricsOptions, openMetrics } from './metrics.ts'
export { noteUses } from './note-uses.ts'
export { openOverview, type OverviewDesk } from './overview.ts'
export { openRecentAudit, type RecentAudit, type RecentAuditOptions, type ShownAudit } from './recent-audit.ts'
export { openRecentEvents, type RecentEvents, type RecentEventsOptions } from './recent-events.ts'
export type { GateView, ShownCredential, ShownEvent, ShownRequest } from './shown.ts'
export type { WitnessesDoor } from './routes-witnesses.ts'

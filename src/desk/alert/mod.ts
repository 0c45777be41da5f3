/**
 * What becomes of findings: incidents, which people look at, and messages, which bring people to look.
 *
 * Architecture invariant: no change of an incident's state is without its audit event, and no message is lost between the
 * change that it tells of and whoever is to be told.
 * @module
 */
export { type Channel, type Message, type NoticeType, notifyMsMax } from './channel.ts'
export { createEmail, type EmailOptions } from './email.ts'
export type { ActWish } from './incident-acts.ts'
export { type AlertSettings, incidentsMax } from './incident-draft.ts'
export {
  type Incident,
  type IncidentFinding,
  type IncidentState,
  incidentStates,
  type TimelineEntry,
  type TimelineKind,
} from './incident.ts'
export {
  type IncidentQuery,
  type Incidents,
  type IncidentSummary,
  type IncidentsOptions,
  openIncidents,
} from './incidents.ts'
export { type KeyAges, keyReminders } from './key-reminders.ts'
export { testMessage } from './messages.ts'
export { type Notice, openOutbox, type Outbox, type OutboxOptions, type TargetStatus } from './outbox.ts'
export { type Reminder, reminderFinding } from './reminders.ts'
export { createWebhook, type WebhookOptions } from './webhook.ts'

import type { Severity } from '../../core/mod.ts'

/** What people are told of. */
export type NoticeType =
  | 'incident.opened'
  | 'incident.worsened'
  | 'incident.reopened'
  | 'incident.resolved'
  | 'incidents.digest'
  | 'test'

/** One thing to tell, the same each time it is tried. */
export interface Message {
  /** By which whoever gets it twice knows it again. */
  readonly id: string
  readonly type: NoticeType
  readonly atMs: number
  /** One line. */
  readonly subject: string
  /** Names and values, in the order in which a person reads them. */
  readonly facts: readonly (readonly [string, string])[]
  readonly severity: Severity
  /** The same for programs. */
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * A way to people. `notify` resolves when the other side has taken the message over, and throws otherwise: then it is tried
 * again, so that a message may arrive twice and never gets lost. It ends within `notifyMsMax`. Calls may overlap.
 */
export interface Channel {
  readonly name: string
  readonly type: 'webhook' | 'email'
  notify(message: Message): Promise<void>
}

/** Longest time of one try. */
export const notifyMsMax = 10_000

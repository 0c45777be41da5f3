import type { Incidents, TargetStatus } from '../alert/mod.ts'

/** Incidents, as far as the admin API speaks for them. */
export type IncidentsDoor = Pick<Incidents, 'list' | 'get' | 'act' | 'summary'>

/** The ways to people. */
export interface AlertsDoor {
  targets(): readonly TargetStatus[]
  /** Sends a labelled test, now. `not_found` for a target that nobody named; `unreachable` when it was not taken. */
  test(target: string): Promise<void>
}

/** Synthetic attacks on the demo. */
export interface DrillsDoor {
  /** Records that one begins, and says where the gateway is. `conflict` where this is not the demo. */
  start(attack: string, by: string): Promise<{ readonly gateway: string }>
}

import type { Config } from '../config/mod.ts'
import type { AdminOptions, Figure, GateView, LedgerDoor, RecentEvents } from '../desk/admin/mod.ts'
import type { Control } from '../desk/control/mod.ts'
import type { AtRest } from '../crypto/mod.ts'
import { openDeskAlerts } from './desk-alerts.ts'
import { openDeskConsole } from './desk-console.ts'
import { openDeskExport } from './desk-export.ts'
import type { DeskFollower } from './desk-link.ts'
import { openDeskQuery } from './desk-query.ts'
import { openDeskReviews } from './desk-review.ts'
import { openDeskWitness } from './desk-witness.ts'
import type { Outbound } from '../outbound/mod.ts'
import type { ProcessLog } from './process-log.ts'

/** What every room of the desk may need. */
export interface DeskBase {
  readonly dataDir: string
  readonly config: Config
  readonly control: Control
  readonly atRest: AtRest
  /** The newest records in memory. */
  readonly events: RecentEvents
  /** The gate's ledger: files, proofs, records by their place. */
  readonly ledger: LedgerDoor
  /** The one way out, for all that is called by the desk itself. */
  readonly outbound: Outbound
  /** How the gate is, as of the last second. */
  readonly gate: GateView
  /** Of this Gatehouse. */
  readonly version: string
  /** Whatever a room opens is given to it and closed in reverse. */
  readonly stack: AsyncDisposableStack
  readonly log: ProcessLog
}

/** What the rooms bring: followers of the access log, and what the admin API speaks for. */
export interface DeskRooms {
  readonly followers: readonly DeskFollower[]
  readonly doors: RoomDoors
  /** What the rooms count, for the metrics. */
  readonly figures: () => readonly Figure[]
}

/** The part of the admin API's options that rooms bring. */
export type RoomDoors = Partial<AdminOptions>

/** Opens the rooms of the desk, each before the first record comes. */
export async function openDeskRooms(base: DeskBase): Promise<DeskRooms> {
  const followers: DeskFollower[] = []
  const exported = await openDeskExport(base)
  const alerts = await openDeskAlerts(base)
  const query = await openDeskQuery(base)
  const witness = openDeskWitness(base)
  followers.push(exported.follower, ...alerts.followers, ...query.followers)
  const doors: RoomDoors = {
    ...exported.door,
    ...witness.doors,
    ...alerts.doors,
    ...(await openDeskConsole(base)),
    ...query.doors,
    keyAgeMsMax: base.config.keys.ageMsMax,
    ...openDeskReviews(base, {
      remind: alerts.remind,
      ...(query.engine === undefined ? {} : { engine: query.engine }),
    }),
  }
  return { followers, doors, figures: () => [...exported.figures(), ...alerts.figures(), ...witness.figures()] }
}

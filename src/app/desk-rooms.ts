import type { Config } from '../config/mod.ts'
import type { AdminOptions, LedgerDoor, RecentEvents } from '../desk/admin/mod.ts'
import type { Control } from '../desk/control/mod.ts'
import type { AtRest } from '../crypto/mod.ts'
import { openDeskConsole } from './desk-console.ts'
import type { DeskFollower } from './desk-link.ts'
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
  /** Whatever a room opens is given to it and closed in reverse. */
  readonly stack: AsyncDisposableStack
  readonly log: ProcessLog
}

/** What the rooms bring: followers of the access log, and what the admin API speaks for. */
export interface DeskRooms {
  readonly followers: readonly DeskFollower[]
  readonly doors: RoomDoors
}

/** The part of the admin API's options that rooms bring. */
export type RoomDoors = Partial<AdminOptions>

/** Opens the rooms of the desk, each before the first record comes. */
export async function openDeskRooms(base: DeskBase): Promise<DeskRooms> {
  const followers: DeskFollower[] = []
  const doors: RoomDoors = {
    ...(await openDeskConsole(base)),
  }
  return { followers, doors }
}

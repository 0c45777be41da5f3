import { fileURLToPath } from 'node:url'
import { messageOf, systemClock } from '../core/mod.ts'
import { openConsoleFiles, openOverview, setUpUrl } from '../desk/admin/mod.ts'
import { openAdmins } from '../desk/control/mod.ts'
import type { DeskBase, RoomDoors } from './desk-rooms.ts'

/** How often sessions are looked at that have lasted long enough. */
const sweepMs = 5_000

/** What stands behind the console: who may enter, and its pages. */
export async function openDeskConsole({ config, control, events, stack, log }: DeskBase): Promise<RoomDoors> {
  const admins = await openAdmins({ documents: control.documents, clock: systemClock })
  const sweeping = setInterval(() => {
    admins.sweep().catch((error: unknown) => log.warn('Sessions could not be swept', { why: messageOf(error) }))
  }, sweepMs)
  sweeping.unref()
  stack.defer(() => clearInterval(sweeping))
  const overview = stack.use(openOverview({ events, clock: systemClock }))
  const { hosts, tls } = config.admin
  const files = openConsoleFiles(consoleFolder(), () => systemClock.monotonicMs())
  return { hosts, tls, admins, overview, console: files }
}

/** The link with which the first owner is made; null when there is an owner. Nobody sees it who does not see the terminal. */
export async function firstSetUpUrl({ admins }: RoomDoors, adminUrl: string): Promise<string | null> {
  if (admins === undefined || admins.list().some(({ role }) => role === 'owner')) return null
  return setUpUrl(adminUrl, (await admins.invite('owner', 'desk')).token)
}

/** At the same place seen from the sources and from the compiled program. */
function consoleFolder(): string {
  return fileURLToPath(new URL('../../dashboard/dist', import.meta.url))
}

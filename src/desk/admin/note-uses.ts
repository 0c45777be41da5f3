import type { Control } from '../control/mod.ts'
import type { RecentEvents } from './recent-events.ts'

/**
 * Tells the control room when keys were used. Only of callers who proved who they are: a record may also name the key
 * that a refused caller claimed.
 */
export function noteUses(events: RecentEvents, control: Pick<Control, 'touch'>): Disposable {
  return events.listen(({ event }) => {
    if (event.identifiedBy !== null && event.credentialId !== null)
      control.touch(event.credentialId, event.receivedAtMs)
  })
}

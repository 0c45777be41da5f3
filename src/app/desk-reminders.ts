import { messageOf, systemClock } from '../core/mod.ts'
import { type Incidents, keyReminders, type Reminder, reminderFinding } from '../desk/alert/mod.ts'
import type { DeskBase } from './desk-rooms.ts'
import { every } from './every.ts'

export interface RemindersParts {
  readonly incidents: Incidents
  readonly tag: (text: string) => string
  readonly onProblem: (why: string) => void
}

/** How often it is looked for keys that are due. */
const keysMs = 60_000
const remindedIn = 'reminded'
/** Reminders by which one that comes again is known; the oldest go. */
const remindedMax = 10_000

/** Reminds of keys that are due, and of whatever else it is given: of each once, for good. */
export function openReminders(
  { control, config, stack }: DeskBase,
  { incidents, tag, onProblem }: RemindersParts,
): (reminder: Reminder) => Promise<void> {
  const { documents } = control
  const remind = async (reminder: Reminder): Promise<void> => {
    const nowMs = systemClock.wallMs()
    const finding = reminderFinding(reminder, { tag, nowMs })
    if ((await documents.get(remindedIn, finding.id)) !== null) return
    await incidents.raise([finding])
    const isFull = (await documents.count(remindedIn)) >= remindedMax
    const old = isFull ? await documents.list(remindedIn, { max: 1 }) : []
    await documents.write([
      { collection: remindedIn, id: finding.id, position: nowMs, value: reminder.about },
      ...old.map(({ id }) => ({ collection: remindedIn, id, value: null })),
    ])
  }
  every(keysMs, stack, async () => {
    const known = { credentials: control.listKeys(), consumers: control.listConsumers(), nowMs: systemClock.wallMs() }
    try {
      for (const reminder of keyReminders(known, config.keys)) await remind(reminder)
    } catch (error) {
      onProblem(`Keys that are due: ${messageOf(error)}`)
    }
  })
  return remind
}

import type { Consumer, Credential } from '../../core/mod.ts'
import type { Reminder } from './reminders.ts'

/** When keys are due. */
export interface KeyAges {
  /** Age from which a key should not be used any more; it goes on working. */
  readonly ageMsMax: number
  /** How long before a key ends or gets too old people are reminded, each once. */
  readonly remindMs: readonly number[]
}

/** What is known of keys at this moment. */
export interface KeyFacts {
  readonly credentials: readonly Credential[]
  readonly consumers: readonly Consumer[]
  readonly nowMs: number
}

/**
 * Reminders of keys that end, or that get too old, within one of the times; and of those that are too old. One whose successor
 * is there ends by intent, and one that was made for hours needs no word days before its end.
 */
export function keyReminders({ credentials, consumers, nowMs }: KeyFacts, ages: KeyAges): readonly Reminder[] {
  const owners = new Map(consumers.map((consumer) => [consumer.id, consumer]))
  return credentials.flatMap((credential) => {
    const owner = owners.get(credential.consumerId)
    const isOver = credential.expiresAtMs !== null && credential.expiresAtMs <= nowMs
    if (owner === undefined || owner.state === 'disabled' || credential.revokedAtMs !== null || isOver) return []
    if (credential.successorId !== null) return []
    const due = dueOf(credential, ages, nowMs)
    return due === null ? [] : [reminderOf(credential, owner, due)]
  })
}

interface Due {
  readonly why: 'ends' | 'ages'
  readonly atMs: number
  /** The shortest of the times within which it is; null when it is past. */
  readonly withinMs: number | null
}

function dueOf({ createdAtMs, expiresAtMs }: Credential, { ageMsMax, remindMs }: KeyAges, nowMs: number): Due | null {
  const oldAtMs = createdAtMs + ageMsMax
  const atMs = Math.min(expiresAtMs ?? Infinity, oldAtMs)
  const why = atMs === expiresAtMs ? 'ends' : 'ages'
  if (remindMs.length === 0) return null
  if (atMs <= nowMs) return { why, atMs, withinMs: null }
  const reached = remindMs.filter((ms) => atMs - nowMs <= ms && ms < (atMs - createdAtMs) / 2)
  return reached.length === 0 ? null : { why, atMs, withinMs: Math.min(...reached) }
}

function reminderOf({ id, hint }: Credential, { name }: Consumer, { why, atMs, withinMs }: Due): Reminder {
  const day = new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')
  const title = {
    ends: 'A key ends soon',
    ages: withinMs === null ? 'A key is older than keys may be' : 'A key will soon be older than keys may be',
  }[why]
  return {
    rule: 'key-due',
    about: `${id} ${why} ${atMs} ${withinMs ?? 0}`,
    title,
    severity: withinMs === null ? 'medium' : 'info',
    actor: { kind: 'credential', value: id, group: name },
    action: `Rotate it: gatehouse keys rotate ${id} --overlap 24h`,
    note: `${hint} of ${name}: ${day} UTC`,
  }
}

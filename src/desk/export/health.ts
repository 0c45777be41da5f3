import type { Clock } from '../../core/mod.ts'
import type { Tried } from './outbox.ts'
import type { Pace } from './pace.ts'
import type { WorkerStatus } from './worker.ts'

export interface HealthOptions {
  readonly clock: Clock
  readonly pace: Pace
  readonly onChange: (what: { readonly state: 'failing' | 'ok'; readonly why: string }) => void
}

/** Counts what goes through and what does not. */
export interface Health {
  note(tried: Tried): void
  /** Something of our own failed: the gate is away, or the store. */
  inside(why: string): void
  skipped(records: number): void
  failures(): number
  /** Whether the receiver refuses one record after the other, so that nothing more is skipped. */
  refusesAll(): boolean
  status(): Omit<WorkerStatus, 'next'>
}

/** All is well at the start. */
export function openHealth({ clock, pace, onChange }: HealthOptions): Health {
  let failures = 0
  let failingSinceMs: number | null = null
  let deliveredAtMs: number | null = null
  let lastAnswer: string | null = null
  let rejectedInRow = 0
  const counts = { delivered: 0, rejected: 0 }
  const failed = (why: string): void => {
    failures++
    lastAnswer = why
    failingSinceMs ??= clock.wallMs()
    if (failures === 1) onChange({ state: 'failing', why })
  }
  return {
    note: (tried) => {
      switch (tried.kind) {
        case 'later':
          return failed(tried.answer)
        case 'skipped':
          rejectedInRow++
          lastAnswer = tried.answer
          return
        case 'divided':
          lastAnswer = tried.answer
          return
        case 'delivered':
          if (failures > 0) onChange({ state: 'ok', why: tried.answer })
          failures = 0
          rejectedInRow = 0
          failingSinceMs = null
          lastAnswer = tried.answer
          deliveredAtMs = clock.wallMs()
          counts.delivered += tried.items
      }
    },
    inside: (why) => void (lastAnswer ??= why),
    skipped: (records) => void (counts.rejected += records),
    failures: () => failures,
    refusesAll: () => rejectedInRow >= pace.rejectionsInRowMax,
    status: () => ({
      state: failures === 0 ? 'ok' : failures < pace.failuresOpen ? 'failing' : 'open',
      failures,
      lastAnswer,
      failingSinceMs,
      deliveredAtMs,
      ...counts,
    }),
  }
}

import { messageOf, systemClock } from '../core/mod.ts'
import { sha256, verifyEd25519 } from '../crypto/mod.ts'
import type { Reminder } from '../desk/alert/mod.ts'
import type { QueryEngine } from '../desk/query/mod.ts'
import { type IndexCount, type OnOverdue, openReviews } from '../desk/review/mod.ts'
import type { DeskBase, RoomDoors } from './desk-rooms.ts'

/** How often it is looked for reviews that are due. */
const tickMs = 30_000

/** What other rooms give to reviews. */
export interface DeskReviewParts {
  /** Searches what is reviewed; its coverage is stated in each run. @default nothing is said of it */
  readonly engine?: QueryEngine
  /** Tells people of each review that is overdue. @default it stands in the audit log alone */
  readonly remind?: (reminder: Reminder) => Promise<void>
}

/** Opens the regular reviews: looked at every half minute, and read from the gate's ledger. */
export function openDeskReviews(base: DeskBase, { engine, remind }: DeskReviewParts = {}): RoomDoors {
  const { control, ledger, config, stack, log, gate } = base
  const reviews = stack.use(
    openReviews({
      documents: control.documents,
      plans: config.reviews,
      ledger,
      verify: verifyEd25519,
      hash: sha256,
      clock: systemClock,
      credentials: () => control.listKeys(),
      consumers: () => control.listConsumers(),
      status: () => gate.status(),
      index: engine === undefined ? null : countingBy(engine),
      onOverdue: (run) => {
        remind?.(overdueReminder(run)).catch((error: unknown) =>
          log.warn('A reminder of a review', { why: messageOf(error) }),
        )
      },
      onProblem: (text) => log.warn('A review', { text }),
    }),
  )
  const tick = (): void => {
    reviews.tick().catch((error: unknown) => log.warn('Reviews that are due', { why: messageOf(error) }))
  }
  const timer = setInterval(tick, tickMs)
  timer.unref()
  stack.defer(() => clearInterval(timer))
  return { reviews }
}

function overdueReminder({ id, plan, dueAtMs }: Parameters<OnOverdue>[0]): Reminder {
  return {
    rule: 'review-overdue',
    about: id,
    title: `The review ${id} is overdue`,
    severity: 'medium',
    actor: { kind: 'review', value: id, group: plan },
    action: `Decide and sign it: gatehouse reviews show ${id}`,
    note: `It was due at ${new Date(dueAtMs).toISOString()}`,
  }
}

const countMs = 10_000

function countingBy(engine: QueryEngine): IndexCount {
  return {
    requests: async (seqFrom, seqTo) => (await engine.aggregate({ seqFrom, seqTo, deadlineMs: countMs })).matched,
  }
}

import { type AuditEvent, messageOf } from '../core/mod.ts'
import type { AuditOutbox } from '../desk/control/mod.ts'

export interface AuditDrainOptions {
  readonly outbox: AuditOutbox
  /** Resolves when the ledger has the events, durably; rejects while there is no gate. */
  readonly send: (events: readonly AuditEvent[]) => Promise<void>
  /** Told at the first failure in a row. */
  readonly onProblem: (why: string) => void
  /** @default 1,000 */
  readonly retryMs?: number
}

/**
 * Brings the outbox's events to the ledger, in order and at least once: an event is forgotten only after the ledger has it.
 * Tries again until it is disposed of; what is left then waits in the control store for the next start.
 */
export interface AuditDrain extends AsyncDisposable {
  /** There may be something to send, or, now for the first time, somebody to send it to. */
  look(): void
}

const retryMsDefault = 1_000
const eventsAtOnce = 100

export function openAuditDrain({ outbox, send, onProblem, retryMs = retryMsDefault }: AuditDrainOptions): AuditDrain {
  let closed = false
  let failing = false
  let again = false
  let draining: Promise<void> | null = null
  let retry: NodeJS.Timeout | null = null

  const drain = async (): Promise<void> => {
    for (;;) {
      again = false
      const entries = closed ? [] : await outbox.next(eventsAtOnce)
      const last = entries.at(-1)
      if (last !== undefined) {
        await send(entries.map(({ event }) => event))
        await outbox.sent(last.place)
        failing = false
      } else if (!again) return
    }
  }
  const look = (): void => {
    again = true
    if (closed || draining !== null) return
    if (retry !== null) clearTimeout(retry)
    retry = null
    draining = drain()
      .catch((error: unknown) => {
        if (!failing) onProblem(messageOf(error))
        failing = true
        if (!closed) retry = setTimeout(look, retryMs)
      })
      .finally(() => {
        draining = null
      })
  }
  const listening = outbox.listen(look)
  return {
    look,
    [Symbol.asyncDispose]: async () => {
      closed = true
      listening[Symbol.dispose]()
      if (retry !== null) clearTimeout(retry)
      await draining
    },
  }
}

import { type ErrorCode, errorCodes, GatehouseError } from '../core/mod.ts'
import type { LinkAnswer, LinkQuestion } from './messages.ts'

/** Questions to the gate that wait for their answers. */
export interface Asking {
  /** The answer's bytes, null for nothing. Throws `unreachable` when none comes in time, else what the gate's error says. */
  ask(question: LinkQuestion): Promise<Uint8Array | null>
  answered(id: number, answer: LinkAnswer): void
  /** Nobody will answer any more. */
  end(why: string): void
}

export interface AskingOptions {
  readonly send: (id: number, question: LinkQuestion) => void
  /** Longest wait for an answer, the wait for its turn included. */
  readonly askMs: number
}

/** Questions that the gate works on at once; the others wait here, so that the gate's memory for answers is bounded. */
export const askedMax = 8
const waitingMax = 256

interface Asked {
  readonly question: LinkQuestion
  readonly settle: (answer: LinkAnswer) => void
}

export function openAsking({ send, askMs }: AskingOptions): Asking {
  const asked = new Map<number, Asked>()
  const waiting = new Set<Asked>()
  let nextId = 0
  let ended: string | null = null

  const ask = async (question: LinkQuestion): Promise<Uint8Array | null> => {
    if (ended !== null) throw unreachable(ended)
    if (waiting.size >= waitingMax) throw unreachable(`${waiting.size} questions are waiting`)
    const { promise, resolve: settle } = Promise.withResolvers<LinkAnswer>()
    const one: Asked = { question, settle }
    const timer = setTimeout(
      () => settle({ ok: false, code: 'unreachable', message: `The gate did not answer within ${askMs} ms` }),
      askMs,
    )
    waiting.add(one)
    sendNext()
    try {
      const answer = await promise
      if (answer.ok) return answer.bytes
      throw new GatehouseError(isErrorCode(answer.code) ? answer.code : 'unreachable', answer.message)
    } finally {
      clearTimeout(timer)
      waiting.delete(one)
    }
  }
  const sendNext = (): void => {
    for (const one of waiting) {
      if (asked.size >= askedMax) return
      waiting.delete(one)
      const id = nextId
      nextId = (nextId + 1) >>> 0
      asked.set(id, one)
      send(id, one.question)
    }
  }
  return {
    ask,
    // A question that was given up keeps its place until its answer is here: the gate still works on it.
    answered: (id, answer) => {
      asked.get(id)?.settle(answer)
      asked.delete(id)
      sendNext()
    },
    end: (why) => {
      ended = why
      for (const { settle } of [...asked.values(), ...waiting])
        settle({ ok: false, code: 'unreachable', message: whyText(why) })
      asked.clear()
      waiting.clear()
    },
  }
}

function unreachable(why: string): GatehouseError {
  return new GatehouseError('unreachable', whyText(why))
}

function whyText(why: string): string {
  return `Cannot ask the gate: ${why}`
}

function isErrorCode(code: string): code is ErrorCode {
  return errorCodes.some((known) => known === code)
}

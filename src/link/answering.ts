import { type AuditEvent, GatehouseError, type LedgerLog, type LedgerRecord, messageOf } from '../core/mod.ts'
import { askedMax } from './asking.ts'
import { frameBytesMax } from './frames.ts'
import { encodeRecords, type LinkAnswer, type LinkQuestion } from './messages.ts'

/** What a gate knows and a desk may ask. Whatever is thrown goes back to the desk with its code. */
export interface LinkAnswers {
  ledgerFile(log: LedgerLog, path: string): Promise<Uint8Array | null>
  /** Null while no checkpoint covers the record. */
  proof(log: LedgerLog, seq: number): Promise<string | null>
  /** Consecutive records from `from` on, fewer than `recordsMax` where they are long; none where there are none. */
  records(log: LedgerLog, from: number, recordsMax: number): readonly LedgerRecord[]
  /** Resolves when the entries are durable, in this order. */
  audit(entries: readonly AuditEvent[]): Promise<void>
}

/** Answers the questions of one desk. */
export function createAnswering(
  answers: LinkAnswers,
  send: (id: number, answer: LinkAnswer) => void,
): (id: number, question: LinkQuestion) => void {
  let open = 0
  return (id, question) => {
    if (open >= askedMax)
      throw new GatehouseError('link_broken', `The desk asks more than ${askedMax} questions at once`)
    open++
    void answerTo(question, answers).then((answer) => {
      open--
      send(id, answer)
    })
  }
}

/** Never rejects. */
async function answerTo(question: LinkQuestion, answers: LinkAnswers): Promise<LinkAnswer> {
  try {
    const bytes = await bytesFor(question, answers)
    if (bytes !== null && bytes.length > frameBytesMax - answerHeadBytes)
      throw new GatehouseError(
        'unreachable',
        `The answer has ${bytes.length} bytes, more than the link carries at once`,
      )
    return { ok: true, bytes }
  } catch (error) {
    return { ok: false, code: error instanceof GatehouseError ? error.code : 'unreachable', message: messageOf(error) }
  }
}

const answerHeadBytes = 16

async function bytesFor(question: LinkQuestion, answers: LinkAnswers): Promise<Uint8Array | null> {
  switch (question.kind) {
    case 'ledger-file':
      return await answers.ledgerFile(question.log, question.path)
    case 'proof': {
      const proof = await answers.proof(question.log, question.seq)
      return proof === null ? null : Buffer.from(proof)
    }
    case 'records':
      return encodeRecords(answers.records(question.log, question.from, question.recordsMax))
    case 'audit':
      await answers.audit(question.entries)
      return null
  }
}

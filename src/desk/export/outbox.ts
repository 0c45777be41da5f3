import { messageOf } from '../../core/mod.ts'
import type { Delivery, ExportItem, Sink } from './sink.ts'

/** What became of one try to deliver, as the worker sees it. */
export type Tried =
  | { readonly kind: 'delivered'; readonly answer: string; readonly items: number }
  /** Told of the one record that is not wanted. */
  | { readonly kind: 'skipped'; readonly item: ExportItem; readonly answer: string }
  /** What is left is to be tried again: at once, or after a while. */
  | { readonly kind: 'divided'; readonly answer: string }
  | { readonly kind: 'later'; readonly answer: string; readonly retryAfterMs: number | null; readonly broke: boolean }

/** One batch on its way: what is left of it is in `parts`, in order. */
export interface OutgoingBatch {
  readonly left: number
  /** Tries the next part. `refusesAll`: what is rejected is then waited with, not skipped. */
  tryNext(signal: AbortSignal, refusesAll: boolean): Promise<Tried>
}

/**
 * Delivers a batch part by part: what is too large is halved, what is rejected is halved until the record is found that the
 * receiver does not want. Throws nothing.
 */
export function openBatch(sink: Sink, items: readonly ExportItem[]): OutgoingBatch {
  let parts: (readonly ExportItem[])[] = items.length === 0 ? [] : [items]
  return {
    get left() {
      return parts.length
    },
    tryNext: async (signal, refusesAll) => {
      const [part = [], ...rest] = parts
      const delivery = await tryOnce(sink, part, signal)
      if (delivery.kind === 'delivered') {
        parts = rest
        return { ...delivery, items: part.length }
      }
      if (delivery.kind === 'later') return delivery
      const { answer } = delivery
      const [item] = part
      if (part.length > 1) {
        const middle = part.length >> 1
        parts = [part.slice(0, middle), part.slice(middle), ...rest]
        return { kind: 'divided', answer }
      }
      if (item === undefined || (refusesAll && delivery.kind === 'rejected'))
        return { kind: 'later', answer, retryAfterMs: null, broke: false }
      parts = rest
      return { kind: 'skipped', item, answer }
    },
  }
}

type Once = Exclude<Delivery, { kind: 'later' }> | Extract<Tried, { kind: 'later' }>

async function tryOnce(sink: Sink, part: readonly ExportItem[], signal: AbortSignal): Promise<Once> {
  try {
    const delivery = await sink.deliver(part, signal)
    return delivery.kind === 'later' ? { ...delivery, broke: false } : delivery
  } catch (error) {
    return { kind: 'later', answer: messageOf(error), retryAfterMs: null, broke: true }
  }
}

import type { Clock } from '../../core/mod.ts'
import type { EventFilter } from './event-filter.ts'
import { nextBatch, rowsMax } from './live-batch.ts'
import type { RecentEvents } from './recent-events.ts'

/** How the live stream paces. */
export interface LivePace {
  /** Least time between two batches, unless the client still resumes. @default 250 */
  readonly batchMs: number
  /** A comment is sent after so long a silence, so that both ends and all between them know that the stream lives. @default 15,000 */
  readonly heartbeatMs: number
  /** A client that has taken nothing for so long is cut off. @default 60,000 */
  readonly stalledMs: number
  /** Most streams at once. @default 64 */
  readonly streamsMax: number
}

export const livePace: LivePace = { batchMs: 250, heartbeatMs: 15_000, stalledMs: 60_000, streamsMax: 64 }

export interface LiveStreamOptions {
  readonly events: RecentEvents
  readonly filter: EventFilter
  /** The first record to send; null: what is new from now on. */
  readonly from: number | null
  readonly clock: Clock
  readonly version: string
  readonly pace: LivePace
  /** Ends the stream, from our side. */
  readonly signal: AbortSignal
  /** Called once when the stream is over, whoever ended it. */
  readonly onEnd: () => void
}

/**
 * The live stream as `text/event-stream`: `hello` first, then a `batch` whenever there is something to say. Each message's
 * `id` is the last record that it accounts for, so that `Last-Event-ID` resumes behind it. Written only as fast as it is
 * read: what a slow client has not taken is not queued for it but skipped, and counted.
 */
export function openLiveStream(options: LiveStreamOptions): ReadableStream<Uint8Array> {
  const { events, filter, from, clock, version, pace, signal } = options
  const ended = new AbortController()
  const end = (): void => {
    if (ended.signal.aborted) return
    ended.abort()
    signal.removeEventListener('abort', end)
    options.onEnd()
  }
  signal.addEventListener('abort', end)
  let place = { next: Math.min(from ?? events.next, events.next), resumeTo: from === null ? 0 : events.next }
  let greeted = false
  let sentMs = clock.monotonicMs()
  let batchDueMs = sentMs

  /** What is to be sent now; null: nothing yet. */
  const nextMessage = (): string | null => {
    if (!greeted) {
      greeted = true
      return message('hello', { time: new Date(clock.wallMs()).toISOString(), version }, place.next)
    }
    const nowMs = clock.monotonicMs()
    if (nowMs < batchDueMs) return null
    const step = nextBatch(events, filter, place)
    place = step.place
    const { batch } = step
    // Where a full batch has more of the resumed part behind it, the client's own speed is the pace.
    if (batch.events.length < rowsMax || place.next >= place.resumeTo) batchDueMs = nowMs + pace.batchMs
    if (batch.events.length > 0 || batch.skipped > 0) return message('batch', batch, place.next)
    return nowMs - sentMs >= pace.heartbeatMs ? ': still here\n\n' : null
  }
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        while (!ended.signal.aborted) {
          const text = nextMessage()
          if (text !== null) {
            sentMs = clock.monotonicMs()
            return controller.enqueue(encoder.encode(text))
          }
          await pause(Math.max(1, Math.min(batchDueMs - clock.monotonicMs(), pace.batchMs)), ended.signal)
        }
        // Our own end; after the client's there is nothing left to close.
        if (signal.aborted) controller.close()
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}

const encoder = new TextEncoder()

function message(event: 'hello' | 'batch', data: object, next: number): string {
  const id = next === 0 ? '' : `id: ${next - 1}\n`
  return `event: ${event}\n${id}data: ${JSON.stringify(data)}\n\n`
}

/** Resolves after the time, or at once when the signal fires. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const wake = (): void => {
    clearTimeout(timer)
    resolve()
  }
  signal.addEventListener('abort', wake, { once: true })
  return promise.finally(() => signal.removeEventListener('abort', wake))
}

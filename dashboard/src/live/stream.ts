import type { LiveBatch } from '../api/types.ts'

/** `lost`: it tries again by itself; what comes meanwhile is caught up. */
export type StreamState = 'connecting' | 'live' | 'lost'

export interface StreamOptions {
  /** Parameters of `/v1/events/live`. */
  readonly query: URLSearchParams
  /** Called once, with the first place that the stream tells of. */
  readonly onBegin: (next: number) => void
  /** `toSeq`: the last place that is accounted for. */
  readonly onBatch: (batch: LiveBatch, toSeq: number) => void
  readonly onState: (state: StreamState) => void
  /** The server refused: it may be that nobody is signed in any more. */
  readonly onRefused: () => void
}

const againMs = 2_000
/** A page that nobody sees gives its connection back after so long; browsers have only six for all pages together. */
const hiddenMs = 20_000

/**
 * Follows records until it is closed. Comes back by itself, behind the last record that it accounted for, so that nothing
 * is missed that the server still holds.
 */
export function openStream({ query, onBegin, onBatch, onState, onRefused }: StreamOptions): { close(): void } {
  let source: EventSource | null = null
  let next: number | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  const connect = (): void => {
    clearTimeout(timer)
    const params = new URLSearchParams(query)
    if (next !== null) params.set('from', String(next))
    source = new EventSource(`/v1/events/live?${params.toString()}`)
    onState(next === null ? 'connecting' : 'lost')
    source.addEventListener('hello', ({ lastEventId }) => {
      onState('live')
      if (next !== null) return
      next = lastEventId === '' ? 0 : Number(lastEventId) + 1
      onBegin(next)
    })
    source.addEventListener('batch', ({ data, lastEventId }: MessageEvent<string>) => {
      next = Number(lastEventId) + 1
      onBatch(JSON.parse(data) as LiveBatch, next - 1) // what our own server sends
    })
    source.addEventListener('error', () => {
      onState('lost')
      if (source?.readyState !== EventSource.CLOSED) return // it tries again by itself
      onRefused()
      clearTimeout(timer)
      timer = setTimeout(connect, againMs)
    })
  }
  const disconnect = (): void => {
    source?.close()
    source = null
  }
  const onVisibility = (): void => {
    clearTimeout(timer)
    if (document.visibilityState === 'hidden') timer = setTimeout(disconnect, hiddenMs)
    else if (source === null) connect()
  }
  document.addEventListener('visibilitychange', onVisibility)
  connect()
  return {
    close: () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisibility)
      disconnect()
    },
  }
}

import type { AccessEvent } from '../../core/mod.ts'

/** Records come in the order of their ends; what began longer ago is taken as if it had begun so long ago. */
export const latenessMs = 30_000

/**
 * When a request happened, as detectors reckon: when its head was complete, but neither after its record nor more than
 * `latenessMs` before it. A function of the record alone, so that a replay sees the same times.
 */
export function eventTimeMs(event: AccessEvent, recordedAtUs: number): number {
  const recordedMs = Math.floor(recordedAtUs / 1000)
  return Math.min(recordedMs, Math.max(recordedMs - latenessMs, event.receivedAtMs))
}

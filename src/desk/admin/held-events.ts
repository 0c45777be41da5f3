import type { AccessEvent } from '../../core/mod.ts'

/** What lists look for, and what tells whose record it is: all that is kept decoded. */
export type EventSketch = Pick<AccessEvent, 'id' | 'kind' | 'outcome' | 'status' | 'consumer' | 'path'>

/** A record as it came, to be decoded when somebody looks at it. */
export interface HeldRecord {
  readonly recordedAtUs: number
  /** Good until the next `push`. */
  readonly bytes: Uint8Array
}

/** The newest of consecutive records. */
export interface HeldEvents {
  /** The first record held; `next` when there is none. */
  readonly first: number
  readonly next: number
  /** One that does not fit at all leaves nothing held. */
  push(record: HeldRecord, sketch: EventSketch): void
  record(seq: number): HeldRecord | null
  sketch(seq: number): EventSketch | null
  /** Of all records of one request, in order. */
  places(id: string): readonly number[]
  /** Forgets all; the next record is this one. */
  clear(next: number): void
}

/**
 * Holds records as bytes, in one block that is there from the beginning: decoded they take several times as much, all of which
 * the collector moves and marks again and again.
 */
export function createHeldEvents({ eventsMax, bytesMax }: { eventsMax: number; bytesMax: number }): HeldEvents {
  const block = Buffer.allocUnsafeSlow(bytesMax)
  const recordedAtUs = new Float64Array(eventsMax)
  const lengths = new Uint32Array(eventsMax)
  /** Counted through all turns of the block. */
  const starts = new Float64Array(eventsMax)
  const sketches: EventSketch[] = []
  const sketchOf = createSketching()
  let first = 0
  let next = 0
  let end = 0

  /** Where so many bytes go, as a whole; the oldest make room. */
  const place = (length: number): number => {
    const start = wholeFrom(end, { length, bytesMax })
    while (first < next && start + length - (starts[first % eventsMax] ?? 0) > bytesMax) first++
    if (next - first >= eventsMax) first++
    return start
  }
  const holds = (seq: number): boolean => seq >= first && seq < next
  return {
    get first() {
      return first
    },
    get next() {
      return next
    },
    push: (record, event) => {
      const { length } = record.bytes
      if (length > bytesMax) {
        first = ++next
        return
      }
      const start = place(length)
      const slot = next % eventsMax
      block.set(record.bytes, start % bytesMax)
      recordedAtUs[slot] = record.recordedAtUs
      lengths[slot] = length
      starts[slot] = start
      sketches[slot] = sketchOf(event)
      end = start + length
      next++
    },
    record: (seq) => {
      if (!holds(seq)) return null
      const slot = seq % eventsMax
      const from = (starts[slot] ?? 0) % bytesMax
      return { recordedAtUs: recordedAtUs[slot] ?? 0, bytes: block.subarray(from, from + (lengths[slot] ?? 0)) }
    },
    sketch: (seq) => (holds(seq) ? (sketches[seq % eventsMax] ?? null) : null),
    places: (id) => {
      const found: number[] = []
      for (let seq = first; seq < next; seq++) if (sketches[seq % eventsMax]?.id === id) found.push(seq)
      return found
    },
    clear: (from) => {
      first = from
      next = from
      sketches.length = 0
    },
  }
}

/** The first place from `end` on where so many bytes stand in the block as a whole. */
function wholeFrom(end: number, { length, bytesMax }: { length: number; bytesMax: number }): number {
  const left = bytesMax - (end % bytesMax)
  return length <= left ? end : end + left
}

const namesMax = 2_000

/** Each consumer's name once, however many records have it. */
function createSketching(): (event: EventSketch) => EventSketch {
  const names = new Map<string, string>()
  const named = (name: string): string => {
    const same = names.get(name)
    if (same !== undefined) return same
    if (names.size >= namesMax) names.clear()
    names.set(name, name)
    return name
  }
  return ({ id, kind, outcome, status, consumer, path }) => ({
    id,
    kind,
    outcome,
    status,
    consumer: consumer === null ? null : named(consumer),
    path,
  })
}

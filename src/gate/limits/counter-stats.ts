import {
  claimsWithoutRoom,
  type CounterMemory,
  type CounterShared,
  memoryOf,
  newestSecond,
  slotExpiry,
  type SlotTable,
} from './counter-memory.ts'

/** How full the counters are. */
export interface CounterStats {
  /** Slots whose counts are in a window, as of the newest take; an estimate in tables of more than `samplesMax` slots. */
  readonly keys: number
  /** `keysMax`: beyond it, some keys will find no room. */
  readonly capacity: number
  /** Claims so far that found no room, not even by their coarser key. */
  readonly full: number
}

/** Reads at most 8,192 words, without locks; cheap enough for each second. */
export function counterStats(shared: CounterShared): CounterStats {
  const memory = memoryOf(shared)
  return {
    keys: liveSlots(memory, memory.small) + liveSlots(memory, memory.large),
    capacity: shared.keysMax,
    full: (memory.words[claimsWithoutRoom] ?? 0) >>> 0,
  }
}

/** At a quarter of the slots live, the estimate is off by two percent or so. */
const samplesMax = 4096

/** Keys are hashed, so slots at equal distances are as good as slots by lot. */
function liveSlots({ words }: CounterMemory, { start, end, slotWords }: SlotTable): number {
  const slots = (end - start) / slotWords
  const stride = Math.ceil(slots / samplesMax)
  const second = words[newestSecond] ?? 0
  let live = 0
  let looked = 0
  for (let i = 0; i < slots; i += stride, looked++) {
    if ((words[start + i * slotWords + slotExpiry] ?? 0) > second) live++
  }
  return Math.round((live * slots) / looked)
}

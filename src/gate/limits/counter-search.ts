/**
 * Finding the slot of a key, and giving a slot to a new one.
 *
 * Searching takes no lock: what it finds must be looked at again under the slot's lock. A search may stop at the first slot
 * that never held a key, because slots only ever go from unused to used, and a key is put before the first unused one.
 *
 * Architecture invariant: a key and its coarser key are inserted under one stripe. So a key is never in two slots, and it
 * is not given a slot of its own while its coarser partition still counts: requests counted there would be forgotten.
 */
import { acquire, type Holder, release } from './counter-lock.ts'
import {
  heldStripe,
  neighbourhood,
  neverUsed,
  type SlotTable,
  slotEpoch,
  slotExpiry,
  slotLock,
  stripeCount,
  withoutKey,
} from './counter-memory.ts'
import { epochWord } from './counter-slot.ts'
import type { Claim, CounterKey } from './counter-store.ts'

/** Where a claim is counted. */
export interface Place {
  readonly slot: number
  readonly coarser: boolean
}

/** What an insert needs besides the claim. */
export interface Insertion {
  readonly holder: Holder
  readonly table: SlotTable
  /** First word of the stripes. */
  readonly stripes: number
  /** The present, in seconds and as the claim's epoch. */
  readonly second: number
  readonly epoch: number
}

/** The slot in which the key was a moment ago, expired or not. */
export function findSlot(table: SlotTable, key: CounterKey): number | null {
  const { words, slotWords } = table
  const mark = markOf(key)
  let slot = homeOf(table, key)
  for (let looked = 0; looked < neighbourhood; looked++, slot += slotWords) {
    const found = words[slot]
    if (found === mark && isOf(table, slot, key)) return slot
    if (found === neverUsed) return null
  }
  return null
}

/** True when the slot is this key's. */
export function isOf({ words }: SlotTable, slot: number, key: CounterKey): boolean {
  return (
    words[slot] === markOf(key) &&
    words[slot + 1] === (key.b | 0) &&
    words[slot + 2] === (key.c | 0) &&
    words[slot + 3] === (key.d | 0)
  )
}

/**
 * Gives the claim a slot: its own, or where its neighbourhood is full that of its coarser key, or none. A slot that was
 * given stays the key's for more than a second, long enough to be counted in.
 */
export function insert(insertion: Insertion, claim: Claim): Place | null {
  const { holder, stripes } = insertion
  const stripe = stripes + ((claim.coarserKey ?? claim.key).c & (stripeCount - 1))
  acquire(holder, heldStripe, stripe)
  try {
    return place(insertion, claim)
  } finally {
    release(holder, stripe)
  }
}

function place(insertion: Insertion, { key, coarserKey }: Claim): Place | null {
  const { table } = insertion
  // Looked for once more: another thread may have been faster.
  const there = findSlot(table, key)
  if (there !== null) return { slot: there, coarser: false }
  if (coarserKey === null) return own(giveSlot(insertion, key))
  const counting = findSlot(table, coarserKey)
  if (counting !== null && !retire(insertion, counting, coarserKey)) return { slot: counting, coarser: true }
  const given = own(giveSlot(insertion, key))
  if (given !== null) return given
  const shared = giveSlot(insertion, coarserKey)
  return shared === null ? null : { slot: shared, coarser: true }
}

function own(slot: number | null): Place | null {
  return slot === null ? null : { slot, coarser: false }
}

/** Takes the first slot of the neighbourhood that is unused or expired; null where there is none. */
function giveSlot({ holder, table, second, epoch }: Insertion, key: CounterKey): number | null {
  const { words, slotWords } = table
  let slot = homeOf(table, key)
  for (let looked = 0; looked < neighbourhood; looked++, slot += slotWords) {
    if (!isExpired(table, slot, second)) continue
    acquire(holder, insertedPlace, slot + slotLock)
    try {
      if (!isExpired(table, slot, second)) continue // meanwhile counted in, or given to another key
      writeKey(table, slot, key)
      words[slot + slotEpoch] = epochWord(epoch)
      words[slot + slotExpiry] = second + givenSeconds
      return slot
    } finally {
      release(holder, slot + slotLock)
    }
  }
  return null
}

/** Takes an expired key out of its slot, so that nobody who found it there earlier counts in it; false when it is not expired. */
function retire({ holder, table, second }: Insertion, slot: number, key: CounterKey): boolean {
  acquire(holder, insertedPlace, slot + slotLock)
  try {
    if (!isOf(table, slot, key)) return true
    if (!isExpired(table, slot, second)) return false
    table.words[slot] = withoutKey
    return true
  } finally {
    release(holder, slot + slotLock)
  }
}

/** No claim's slot is held yet while one is inserted. */
const insertedPlace = 0
const givenSeconds = 2

/** The cells are cleared first and the first word is written last: a thread that dies in between leaves no key, and no counts. */
function writeKey(table: SlotTable, slot: number, key: CounterKey): void {
  const { words, slotWords } = table
  words[slot] = withoutKey
  for (let word = slot + slotLock + 1; word < slot + slotWords; word++) words[word] = 0
  words[slot + 1] = key.b
  words[slot + 2] = key.c
  words[slot + 3] = key.d
  words[slot] = markOf(key)
}

function isExpired({ words }: SlotTable, slot: number, second: number): boolean {
  return (words[slot + slotExpiry] ?? 0) <= second
}

function homeOf({ start, slotWords, homesScale }: SlotTable, { b }: CounterKey): number {
  return start + Math.floor((b >>> 0) * homesScale) * slotWords
}

/** The first word of a key as it stands in a slot, where two values mean something else. */
function markOf({ a }: CounterKey): number {
  const word = a | 0
  return word === neverUsed || word === withoutKey ? word + 2 : word
}

import { GatehouseError } from '../../core/mod.ts'
import { acquire, type Holder, holderOf, release } from './counter-lock.ts'
import {
  claimsMax,
  claimsWithoutRoom,
  type CounterMemory,
  type CounterShared,
  limitMax,
  memoryOf,
  newestSecond,
  slotLock,
  smallLimitMax,
  type SlotTable,
} from './counter-memory.ts'
import { findSlot, insert, isOf } from './counter-search.ts'
import { advance, countOne, epochAt, expiryOf, freedAtMs } from './counter-slot.ts'
import type { Claim, CounterKey, CounterStore, Taken } from './counter-store.ts'

/**
 * The counters of this thread: the counter store in shared memory. `thread` is this thread's alone until it has ended and
 * `repairCounters` was called for it.
 *
 * Promises what the port does, in whole milliseconds: time is rounded down to one. At most `claimsMax` claims at once, no key
 * twice among them; anything else throws `invalid_argument`. A claim that finds no room counts by its coarser key, and its
 * key stays with that until the coarser partition has nothing left in its window.
 */
export function openCounterTable(shared: CounterShared, thread: number): CounterStore {
  if (!Number.isInteger(thread) || thread < 0 || thread >= shared.threadsMax) {
    throw new GatehouseError(
      'invalid_argument',
      `Cannot open counters: 'thread' must be a whole number below ${shared.threadsMax}, is ${thread}`,
    )
  }
  const memory = memoryOf(shared)
  const seats = seatsOf(memory.small)
  const counters: Counters = { memory, holder: holderOf(memory, thread), seats, order: [...seats], locked: 0 }
  return { take: (claims, nowMs) => take(counters, claims, nowMs) }
}

/** One thread's counters. */
interface Counters {
  readonly memory: CounterMemory
  readonly holder: Holder
  /** One per claim, made once: the hot path makes nothing but its results. */
  readonly seats: readonly Seat[]
  /** The same, those that have a slot first and by slot: the order of locking. */
  readonly order: Seat[]
  /** So many of `order` are locked. */
  locked: number
}

/** How a claim stands in its slot. */
interface Standing {
  readonly limit: number
  readonly windowMs: number
  readonly epoch: number
  readonly coarser: boolean
  /** In the trailing window, before this take. */
  readonly used: number
}

/** A claim among several, while they are being decided. */
interface Seat extends Standing {
  table: SlotTable
  /** Null: there was no room. */
  slot: number | null
  /** What it is counted by: the claim's key, or its coarser one. */
  key: CounterKey
  coarser: boolean
  limit: number
  windowMs: number
  epoch: number
  used: number
}

const noKey: CounterKey = { a: 0, b: 0, c: 0, d: 0 }

function seatsOf(table: SlotTable): readonly Seat[] {
  return Array.from({ length: claimsMax }, () => ({
    table,
    slot: null,
    key: noKey,
    coarser: false,
    limit: 0,
    windowMs: 1,
    epoch: 0,
    used: 0,
  }))
}

/** A slot can be given to another key between search and lock, but hardly twice in a row. */
const roundsMax = 64

function take(counters: Counters, claims: readonly Claim[], nowMs: number): readonly Taken[] {
  if (claims.length > claimsMax) throw invalid(`at most ${claimsMax} claims can be taken at once, not ${claims.length}`)
  const tick = Math.floor(nowMs)
  const second = Math.floor(tick / 1000)
  const { words } = counters.memory
  if ((words[newestSecond] ?? 0) < second) words[newestSecond] = second
  const [only] = claims
  if (claims.length === 1 && only !== undefined) {
    const taken = takeKnown(counters, only, nowMs)
    if (taken !== null) return [taken]
  }
  for (let round = 0; round < roundsMax; round++) {
    seatAll(counters, claims, tick)
    try {
      if (lockAll(counters, claims.length)) return settle(counters, claims.length, nowMs)
    } finally {
      unlockAll(counters)
    }
  }
  throw new GatehouseError('thread_failed', `Cannot count: slots changed hands ${roundsMax} times in a row`)
}

/**
 * The short way for a single claim whose key has a slot; null when it has none. It says the same as the long way,
 * in three quarters of the time.
 */
function takeKnown({ memory, holder }: Counters, claim: Claim, nowMs: number): Taken | null {
  const { key, windowMs } = claim
  const table = claim.limit > smallLimitMax ? memory.large : memory.small
  const slot = findSlot(table, key)
  if (slot === null) return null
  const tick = Math.floor(nowMs)
  const second = Math.floor(tick / 1000)
  const epoch = epochAt(tick, windowMs)
  const limit = Math.min(claim.limit, limitMax)
  acquire(holder, 0, slot + slotLock)
  try {
    if (!isOf(table, slot, key)) return null
    const used = advance(table, slot, epoch, second)
    if (used < limit) countOne(table, slot, expiryOf(second, windowMs))
    return takenOf({ table, slot, counted: used < limit }, { limit, windowMs, epoch, coarser: false, used }, nowMs)
  } finally {
    release(holder, slot + slotLock)
  }
}

/** Finds each claim's slot, or makes it one. */
function seatAll(counters: Counters, claims: readonly Claim[], tick: number): void {
  const { memory, seats } = counters
  for (let i = 0; i < claims.length; i++) {
    const claim = claims[i]
    const seat = seats[i]
    if (claim === undefined || seat === undefined) return
    seat.table = claim.limit > smallLimitMax ? memory.large : memory.small
    seat.key = claim.key
    seat.coarser = false
    seat.limit = Math.min(claim.limit, limitMax)
    seat.windowMs = claim.windowMs
    seat.epoch = epochAt(tick, claim.windowMs)
    seat.used = 0
    seat.slot = findSlot(seat.table, claim.key)
    if (seat.slot === null) seatNew(counters, seat, { claim, second: Math.floor(tick / 1000) })
  }
}

function seatNew({ memory, holder }: Counters, seat: Seat, { claim, second }: { claim: Claim; second: number }): void {
  const { table, epoch } = seat
  const place = insert({ holder, table, stripes: memory.stripes, second, epoch }, claim)
  if (place === null) return
  seat.slot = place.slot
  seat.coarser = place.coarser
  if (place.coarser) seat.key = claim.coarserKey ?? claim.key
}

/** Locks all slots; false when one of them has become another key's since it was found. */
function lockAll(counters: Counters, count: number): boolean {
  const { holder, order } = counters
  const wanted = orderSeats(counters, count)
  let before: number | null = null
  for (let i = 0; i < wanted; i++) {
    const seat = order[i]
    if (seat === undefined || seat.slot === null) return false
    if (seat.slot === before) throw invalid('two claims have the same key')
    before = seat.slot
    acquire(holder, i, seat.slot + slotLock)
    counters.locked = i + 1
    if (!isOf(seat.table, seat.slot, seat.key)) return false
  }
  return true
}

/** Sorts the seats that have a slot; returns how many they are. */
function orderSeats({ seats, order }: Counters, count: number): number {
  let wanted = 0
  for (let i = 0; i < count; i++) {
    const seat = seats[i]
    if (seat === undefined || seat.slot === null) continue
    let at = wanted++
    for (; at > 0; at--) {
      const before = order[at - 1]
      if (before === undefined || before.slot === null || before.slot <= seat.slot) break
      order[at] = before
    }
    order[at] = seat
  }
  return wanted
}

function unlockAll(counters: Counters): void {
  const { holder, order, locked } = counters
  for (let i = 0; i < locked; i++) {
    const slot = order[i]?.slot ?? null
    if (slot !== null) release(holder, slot + slotLock)
  }
  counters.locked = 0
}

/** Looks at all, then counts in all or in none. All slots are locked. */
function settle({ memory, seats }: Counters, count: number, nowMs: number): readonly Taken[] {
  const second = Math.floor(nowMs / 1000)
  let admitted = true
  for (let i = 0; i < count; i++) {
    const seat = seats[i]
    if (seat === undefined) break
    if (seat.slot === null) Atomics.add(memory.words, claimsWithoutRoom, 1)
    else seat.used = advance(seat.table, seat.slot, seat.epoch, second)
    if (seat.slot === null || seat.used >= seat.limit) admitted = false
  }
  const taken: Taken[] = []
  for (let i = 0; i < count; i++) {
    const seat = seats[i]
    if (seat === undefined) break
    const { table, slot } = seat
    if (slot === null) {
      taken.push(noRoom)
      continue
    }
    if (admitted) countOne(table, slot, expiryOf(second, seat.windowMs))
    taken.push(takenOf({ table, slot, counted: admitted }, seat, nowMs))
  }
  return taken
}

function takenOf(
  { table, slot, counted }: { table: SlotTable; slot: number; counted: boolean },
  standing: Standing,
  nowMs: number,
): Taken {
  const { limit, windowMs, epoch, coarser } = standing
  const admitted = standing.used < limit
  const used = counted ? standing.used + 1 : standing.used
  if (admitted && used === 0) return { admitted, used, resetMs: 0, coarser, full: false }
  const counts = admitted ? 1 : used - limit + 1
  const resetMs = Math.ceil(freedAtMs(table, slot, { epoch, windowMs, counts }) - nowMs)
  return { admitted, used, resetMs, coarser, full: false }
}

/** Slots run out of their windows all the time; a second is how finely that is kept. */
const noRoom: Taken = { admitted: false, used: 0, resetMs: 1000, coarser: false, full: true }

function invalid(why: string): GatehouseError {
  return new GatehouseError('invalid_argument', `Cannot take from limits: ${why}`)
}

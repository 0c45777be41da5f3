/**
 * The ring of cells in one slot. All of these are called with the slot's lock held.
 *
 * Time is counted in whole milliseconds and cut into cells of a twentieth of the window; `epoch` is the running number of a
 * cell since time began. Two moments less than a window apart are at most 20 epochs apart, whatever the rounding, so a
 * ring of 21 cells never forgets what still lies in the trailing window. It forgets everything else at most one cell late.
 *
 * A slot's epoch never goes back: who comes with an older time, because another thread was faster, counts in the newer cell.
 *
 * Architecture invariant: whatever line a thread dies at, the cells alone say the truth or more than the truth, and the
 * total is their sum as soon as `restoreTotal` has run.
 */
import { cellsPerWindow, firstCellOf, ringCells, slotEpoch, slotExpiry, type SlotTable } from './counter-memory.ts'

/** Epochs are kept in 32 bits, modulo a multiple of the ring, so that the ring does not jump where they wrap. */
const epochModulus = ringCells * 2 ** 26

/** The cell that is filling at this whole millisecond; exact, because both sides of the division are whole numbers. */
export function epochAt(tickMs: number, windowMs: number): number {
  return Math.floor((tickMs * cellsPerWindow) / windowMs)
}

/** Seconds for which a count may stay, per millisecond of window. */
const reachSeconds = ringCells / (cellsPerWindow * 1000)

/** First whole millisecond at which what was counted in this epoch has left the window. */
function leavesAtMs(epoch: number, windowMs: number): number {
  return Math.ceil(((epoch + ringCells) * windowMs) / cellsPerWindow)
}

/** The second from which on a slot that was counted in now may serve another key: at least one later than its counts need. */
export function expiryOf(second: number, windowMs: number): number {
  return second + Math.ceil(windowMs * reachSeconds) + 2
}

/** Forgets what has left the window. Returns what is left in it. */
export function advance(table: SlotTable, slot: number, epoch: number, second: number): number {
  const { words, cells } = table
  const first = firstCellOf(table, slot)
  const total = first + ringCells
  const newest = epochWord(epoch)
  if ((words[slot + slotExpiry] ?? 0) <= second) {
    for (let cell = first; cell <= total; cell++) cells[cell] = 0
    words[slot + slotEpoch] = newest
    return 0
  }
  const stands = words[slot + slotEpoch] ?? 0
  const steps = stepsBetween(stands, newest)
  let used = cells[total] ?? 0
  if (steps <= 0) return used
  for (let step = Math.min(steps, ringCells); used > 0 && step > 0; step--) {
    const cell = first + ((newest - step + ringCells + 1) % ringCells)
    used -= cells[cell] ?? 0
    cells[cell] = 0
  }
  cells[total] = used
  words[slot + slotEpoch] = newest
  return used
}

/** Counts one in the newest cell, and keeps the slot until then. */
export function countOne(table: SlotTable, slot: number, expiry: number): void {
  const { words, cells } = table
  const first = firstCellOf(table, slot)
  const cell = first + ((words[slot + slotEpoch] ?? 0) % ringCells)
  cells[cell] = (cells[cell] ?? 0) + 1
  cells[first + ringCells] = (cells[first + ringCells] ?? 0) + 1
  if ((words[slot + slotExpiry] ?? 0) < expiry) words[slot + slotExpiry] = expiry
}

/**
 * First whole millisecond at which so many of the counts have left the window; with fewer counts than that, when the window
 * of a request counted now ends. `epoch` is the caller's own, which the slot's may be ahead of.
 */
export function freedAtMs(
  table: SlotTable,
  slot: number,
  { epoch, windowMs, counts }: { epoch: number; windowMs: number; counts: number },
): number {
  const { words, cells } = table
  const first = firstCellOf(table, slot)
  const stands = words[slot + slotEpoch] ?? 0
  const newest = epoch + stepsBetween(epochWord(epoch), stands)
  // From both ends at once: steady callers have counts in their oldest cell, all others only in some of the newest.
  let freed = 0
  let older = cells[first + ringCells] ?? 0
  let front = stands % ringCells
  let back = front
  for (let age = 0; age < ringCells; age++) {
    back = back === ringCells - 1 ? 0 : back + 1
    freed += cells[first + back] ?? 0
    if (freed >= counts) return leavesAtMs(newest - (cellsPerWindow - age), windowMs)
    older -= cells[first + front] ?? 0
    if (older < counts) return leavesAtMs(newest - age, windowMs)
    front = front === 0 ? ringCells - 1 : front - 1
  }
  return leavesAtMs(newest, windowMs)
}

/** Makes the total what the cells say. */
export function restoreTotal(table: SlotTable, slot: number): void {
  const first = firstCellOf(table, slot)
  let sum = 0
  for (let cell = first; cell < first + ringCells; cell++) sum += table.cells[cell] ?? 0
  table.cells[first + ringCells] = sum
}

/** The epoch as a slot keeps it. */
export function epochWord(epoch: number): number {
  return epoch < epochModulus ? epoch : epoch % epochModulus
}

/** Signed, the short way round; a slot that is not expired was touched so lately that this way is the right one. */
function stepsBetween(from: number, to: number): number {
  const steps = to - from
  if (steps > epochModulus / 2) return steps - epochModulus
  return steps < -epochModulus / 2 ? steps + epochModulus : steps
}

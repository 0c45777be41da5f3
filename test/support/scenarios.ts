import { type AccessEvent, emptyEvent, type LedgerRecord } from '../../src/core/mod.ts'

/** What one synthetic request says; times in ms. */
export type Play = Partial<AccessEvent> & { readonly receivedAtMs: number }

/** A small seeded generator (mulberry32): the same seed, the same traffic. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A Poisson number, for small means exactly, for large ones by the normal distribution. */
export function poisson(mean: number, random: () => number): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal))
  }
  const least = Math.exp(-mean)
  let product = random()
  let count = 0
  while (product > least) {
    product *= random()
    count++
  }
  return count
}

const encoder = new TextEncoder()

/** The plays in the order of their ends, as records of a ledger. */
export function recordsOf(plays: readonly Play[], fromSeq = 0): readonly LedgerRecord[] {
  const ordered = plays.toSorted((a, b) => endOf(a) - endOf(b))
  return ordered.map((play, i) => ({
    seq: fromSeq + i,
    recordedAtUs: Math.ceil(endOf(play) * 1000),
    bytes: encoder.encode(JSON.stringify(eventOf(play, fromSeq + i))),
  }))
}

function endOf({ receivedAtMs, durationUs = 1000 }: Play): number {
  return receivedAtMs + durationUs / 1000
}

function eventOf(play: Play, seq: number): AccessEvent {
  return { ...emptyEvent, id: seq.toString(16).padStart(32, '0'), durationUs: 1000, mode: 'enforce', ...play }
}

const orders = { api: 'orders', attempts: 1, outcome: 'served', status: 200 } as const

/** A request that went well. */
export function served(receivedAtMs: number, more: Partial<AccessEvent> = {}): Play {
  return { ...orders, method: 'GET', path: '/v1/orders', route: 'GET /v1/orders', receivedAtMs, ...more }
}

/** A sign-in with a wrong password, or, with status 200, a right one. */
export function signIn(receivedAtMs: number, clientIp: string, status = 401): Play {
  return { ...orders, method: 'POST', path: '/v1/login', route: 'POST /v1/login', receivedAtMs, clientIp, status }
}

/** A request that we refused. */
export function refused(receivedAtMs: number, reason: AccessEvent['reason'], more: Partial<AccessEvent> = {}): Play {
  return { ...served(receivedAtMs), attempts: 0, outcome: 'refused', status: 401, reason, ...more }
}

/** `count` times within `lengthMs`, at random. */
export function timesIn(
  { fromMs, lengthMs, count }: { fromMs: number; lengthMs: number; count: number },
  random: () => number,
): readonly number[] {
  return Array.from({ length: count }, () => Math.floor(fromMs + random() * lengthMs)).toSorted((a, b) => a - b)
}

import type { AccessEvent } from '../../core/mod.ts'
import { networkOf } from '../detect/mod.ts'

/** How full a limit was for one caller when it last counted. */
export interface LimitFill {
  readonly name: string
  /** `consumer`, `credential` or `ip`. */
  readonly per: string
  /** Whose: the name of the consumer, the id of the credential, the address or the IPv6 /64. */
  readonly key: string
  readonly used: number
  readonly limit: number
  readonly windowMs: number
  /** used / limit. */
  readonly fill: number
}

/** The newest reading of every limit for every caller. */
export interface OverviewLimits {
  note(event: AccessEvent, atMs: number): void
  /** The fullest first, of those whose window has not passed since. */
  fullest(nowMs: number, max: number): readonly LimitFill[]
  /** The fullest of each consumer, by its name. */
  byConsumer(nowMs: number): ReadonlyMap<string, number>
}

interface Reading extends Omit<LimitFill, 'fill'> {
  /** Whose requests were counted, where they had a name. */
  readonly consumer: string | null
  readonly atMs: number
}

/** Readings that are held; the oldest caller makes room. */
const readingsMax = 10_000

export function openOverviewLimits(): OverviewLimits {
  const readings = new Map<string, Reading>()
  const living = (nowMs: number): Reading[] => {
    const found: Reading[] = []
    for (const [place, reading] of readings) {
      if (nowMs - reading.atMs >= reading.windowMs) readings.delete(place)
      else found.push(reading)
    }
    return found
  }
  return {
    note: (event, atMs) => {
      for (const { name, per, used, limit, windowMs, coarser } of event.limits) {
        const key = coarser ? null : keyOf(per, event)
        if (key === null) continue
        const place = `${name}\n${key}`
        if (!readings.has(place) && readings.size >= readingsMax) dropOldest(readings)
        readings.set(place, { name, per, key, used, limit, windowMs, consumer: event.consumer, atMs })
      }
    },
    fullest: (nowMs, max) =>
      living(nowMs)
        .map(shown)
        .toSorted((a, b) => b.fill - a.fill || b.used - a.used)
        .slice(0, max),
    byConsumer: (nowMs) => {
      const fills = new Map<string, number>()
      for (const reading of living(nowMs)) {
        if (reading.consumer === null || reading.per === 'ip') continue
        fills.set(reading.consumer, Math.max(fills.get(reading.consumer) ?? 0, reading.used / reading.limit))
      }
      return fills
    },
  }
}

function dropOldest(readings: Map<string, Reading>): void {
  const [oldest] = readings.keys()
  if (oldest !== undefined) readings.delete(oldest)
}

function keyOf(per: string, { consumer, credentialId, clientIp }: AccessEvent): string | null {
  if (per === 'consumer') return consumer
  if (per === 'credential') return credentialId
  return clientIp.includes(':') ? (networkOf(clientIp)?.address ?? clientIp) : clientIp
}

function shown({ name, per, key, used, limit, windowMs }: Reading): LimitFill {
  return { name, per, key, used, limit, windowMs, fill: limit === 0 ? 1 : used / limit }
}

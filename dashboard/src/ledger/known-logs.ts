/** The two logs. */
export type LogName = 'access' | 'audit'

/** What this browser remembers of a log: that is what a log that is shown differently later is found by. */
export interface KnownLog {
  readonly vkey: string
  readonly firstSeenMs: number
  /** Text of the newest checkpoint that it verified; '' before the first. */
  readonly checkpoint: string
  readonly size: number
  readonly verifiedAtMs: number
}

/** Null for a log that this browser has not seen. */
export function knownLog(vkey: string): KnownLog | null {
  const text = localStorage.getItem(storageKey(vkey))
  if (text === null) return null
  try {
    const kept = JSON.parse(text) as Partial<KnownLog> // members are looked at below
    const { firstSeenMs, checkpoint, size, verifiedAtMs } = kept
    if (typeof kept.vkey !== 'string' || typeof firstSeenMs !== 'number' || typeof checkpoint !== 'string') return null
    return { vkey: kept.vkey, firstSeenMs, checkpoint, size: size ?? 0, verifiedAtMs: verifiedAtMs ?? 0 }
  } catch {
    return null
  }
}

/** Remembers a log whose key one believes. */
export function rememberLog(known: KnownLog): void {
  localStorage.setItem(storageKey(known.vkey), JSON.stringify(known))
}

/** By the name of the log, so that another key of the same name is noticed. */
function storageKey(vkey: string): string {
  return `gatehouse.log ${vkey.split('+')[0] ?? ''}`
}

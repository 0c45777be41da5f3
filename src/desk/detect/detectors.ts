import { accessEventOf, type AccessEvent, type Finding, type LedgerRecord } from '../../core/mod.ts'
import type { Bound, Detector, DetectorOptions } from './detector.ts'
import { eventTimeMs } from './event-time.ts'
import { createFailedAuth } from './failed-auth.ts'
import { createSpikes } from './spikes.ts'
import { createBlockedNetworks, createProbing, createScopeRefusals } from './violations.ts'

/** What counts as too much. */
export interface DetectSettings {
  /** Failed authentications of one network, consumer or key. @default 20 in 60 s */
  readonly failures: Bound
  /** Requests of one key beyond its scopes or roles. @default 10 in 5 min */
  readonly refusals: Bound
  /** Different paths without a route that one network asks for. @default 20 in 60 s */
  readonly probing: Bound
  /** Compare each consumer and API with its own past. @default true */
  readonly spikes: boolean
}

export const detectSettingsDefault: DetectSettings = {
  failures: { limit: 20, windowMs: 60_000 },
  refusals: { limit: 10, windowMs: 300_000 },
  probing: { limit: 20, windowMs: 60_000 },
  spikes: true,
}

/** Every detector that is switched on. */
export function createDetectors(settings: DetectSettings, options: DetectorOptions): readonly Detector[] {
  return [
    createFailedAuth({ ...options, bound: settings.failures }),
    createScopeRefusals({ ...options, bound: settings.refusals }),
    createBlockedNetworks(options),
    createProbing({ ...options, bound: settings.probing }),
    ...(settings.spikes ? [createSpikes(options)] : []),
  ]
}

/** What all detectors find in one record. Records of answers that only began, and of what was learnt later, say nothing new. */
export function findingsIn(detectors: readonly Detector[], record: LedgerRecord): readonly Finding[] {
  const event = readable(record)
  if (event === null || event.kind !== 'request') return none
  const place = { seq: record.seq, timeMs: eventTimeMs(event, record.recordedAtUs) }
  let found = none
  for (const detector of detectors) {
    const findings = detector.observe(event, place)
    if (findings.length > 0) found = [...found, ...findings]
  }
  return found
}

const none: readonly Finding[] = []

/** Null for a record that cannot be read, which must not stop all that follow. */
function readable(record: LedgerRecord): AccessEvent | null {
  try {
    return accessEventOf(record)
  } catch {
    return null
  }
}

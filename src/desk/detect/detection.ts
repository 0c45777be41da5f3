import {
  type Clock,
  type Documents,
  type DocumentWrite,
  type Finding,
  type LedgerRecord,
  messageOf,
} from '../../core/mod.ts'
import type { Detector } from './detector.ts'
import { findingsIn } from './detectors.ts'

export interface DetectionOptions {
  readonly documents: Documents
  readonly detectors: readonly Detector[]
  /**
   * Takes findings over, durably; each may come again after a crash, or because it goes on. What it rejects comes again
   * later, before anything newer.
   */
  readonly raise: (findings: readonly Finding[]) => Promise<void>
  readonly clock: Clock
  /** Told when findings or the state cannot be kept for now. */
  readonly onProblem: (why: string) => void
  /** Least time between two snapshots; longer when one takes long. @default 30,000 */
  readonly snapshotMs?: number
  /** Records before the end of the ledger with which a first start begins, to learn what is usual; they raise nothing. @default 100,000 */
  readonly learnRecords?: number
}

/**
 * Follows the access log with all detectors. Its place and the detectors' state are kept together, so that after a crash
 * the records since are read again from the state that they met before: nothing is lost, and what was found before is
 * found with the same id.
 */
export interface Detection extends AsyncDisposable {
  readonly name: string
  begin(ledgerSize: number): void
  cursor(): Promise<number>
  follow(batch: readonly LedgerRecord[]): Promise<void>
  /** To be called now and then: what waited is tried again also while no record comes. */
  tick(): Promise<void>
  /** Actors forgotten for want of room, by detector, since the start. */
  evicted(): Readonly<Record<string, number>>
}

const collection = 'detect-state'
const stateVersion = 2
/** A snapshot takes at most this share of the time. */
const snapshotShare = 0.02
/** How often counts are brought up to date that went on without anything to tell. */
const flushMs = 5_000
/** Findings that wait for their store; beyond it the newest of an id alone is kept anyway. */
const pendingMax = 10_000

export async function openDetection(options: DetectionOptions): Promise<Detection> {
  const { documents, detectors, clock, onProblem, snapshotMs = 30_000, learnRecords = 100_000 } = options
  const fresh = detectors.map((detector) => detector.snapshot())
  const pending = createPending(options)
  const kept = await restore(documents, detectors)
  let place = kept?.place ?? null
  let raiseFrom = kept?.raiseFrom ?? 0
  let keptPlace = place
  let nextSnapshotMs = clock.monotonicMs() + snapshotMs
  let nextFlushMs = 0

  const keep = async (): Promise<void> => {
    // What is kept must not be ahead of the findings that it led to.
    if (place === null || place === keptPlace || pending.size > 0) return
    const [begunMs, reached] = [clock.monotonicMs(), place]
    try {
      await documents.write(writesOf({ version: stateVersion, place: reached, raiseFrom }, detectors))
      keptPlace = reached
    } catch (error) {
      onProblem(`The detectors' state is not kept for now: ${messageOf(error)}`)
    }
    const nowMs = clock.monotonicMs()
    nextSnapshotMs = nowMs + Math.max(snapshotMs, (nowMs - begunMs) / snapshotShare)
  }
  /** What was there before the first start is learnt from, and no news. */
  const put = (findings: readonly Finding[]): void =>
    pending.put(findings.filter(({ evidence }) => (evidence.at(-1)?.seq ?? 0) >= raiseFrom))
  const tick = async (): Promise<void> => {
    const nowMs = clock.monotonicMs()
    if (nowMs >= nextFlushMs) {
      nextFlushMs = nowMs + flushMs
      for (const detector of detectors) put(detector.flush())
    }
    if ((await pending.settle()) && clock.monotonicMs() >= nextSnapshotMs) await keep()
  }
  return {
    name: 'detect',
    begin: (ledgerSize) => {
      if (place !== null && place <= ledgerSize) return
      // Nothing is known yet, or what is known is of another ledger.
      for (const [i, detector] of detectors.entries()) detector.restore(fresh[i])
      pending.clear()
      place = Math.max(0, ledgerSize - learnRecords)
      raiseFrom = ledgerSize
      // Kept soon, or after a crash what came since would be taken for old.
      nextSnapshotMs = 0
    },
    cursor: async () => place ?? 0,
    follow: async (batch) => {
      for (const record of batch) {
        put(findingsIn(detectors, record))
        place = record.seq + 1
      }
      await tick()
    },
    tick,
    evicted: () => Object.fromEntries(detectors.map(({ name, evicted }) => [name, evicted])),
    [Symbol.asyncDispose]: async () => {
      if (await pending.settle()) await keep()
    },
  }
}

/** Findings until they are raised: of each the newest. */
interface Pending {
  readonly size: number
  put(findings: readonly Finding[]): void
  /** True when nothing waits any more. */
  settle(): Promise<boolean>
  clear(): void
}

function createPending({ raise, onProblem }: Pick<DetectionOptions, 'raise' | 'onProblem'>): Pending {
  const held = new Map<string, Finding>()
  return {
    get size() {
      return held.size
    },
    put: (findings) => {
      for (const finding of findings)
        if (held.size < pendingMax || held.has(finding.id)) held.set(finding.id, finding)
        else onProblem(`A finding is not kept: ${pendingMax} wait already`)
    },
    settle: async () => {
      if (held.size === 0) return true
      const findings = [...held.values()]
      try {
        await raise(findings)
      } catch (error) {
        onProblem(`Findings wait to be kept: ${messageOf(error)}`)
        return false
      }
      for (const finding of findings) if (held.get(finding.id) === finding) held.delete(finding.id)
      return held.size === 0
    },
    clear: () => held.clear(),
  }
}

interface KeptPlace {
  readonly version: number
  readonly place: number
  readonly raiseFrom: number
}

function writesOf(place: KeptPlace, detectors: readonly Detector[]): readonly DocumentWrite[] {
  return [
    { collection, id: 'place', value: place },
    // As text: what happens until it is written is not in it.
    ...detectors.map((detector) => ({ collection, id: detector.name, value: JSON.stringify(detector.snapshot()) })),
  ]
}

/** Where to go on; null when nothing was kept. */
async function restore(documents: Documents, detectors: readonly Detector[]): Promise<KeptPlace | null> {
  // Our own snapshot, out of a sealed store.
  const kept = (await documents.get(collection, 'place')) as KeptPlace | null
  if (kept === null || kept.version !== stateVersion) return null
  for (const detector of detectors) {
    const state = await documents.get(collection, detector.name)
    detector.restore(typeof state === 'string' ? JSON.parse(state) : null)
  }
  return kept
}

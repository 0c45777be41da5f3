import { equalBytes } from './bytes.ts'
import { messageOf } from './errors.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint.ts'
import { appendLeaf, rangeRoot, type CompactRange } from './compact-range.ts'
import type { FaultKind, FaultList } from './log-faults.ts'
import type { Sha256 } from './merkle.ts'
import type { VerifySignature } from './signatures.ts'
import { quote } from './text.ts'
import type { VerifierKey } from './verifier-key.ts'

/** What is needed to believe a checkpoint that was kept. */
export interface AnchorTrust {
  readonly hash: Sha256
  readonly verify: VerifySignature
  readonly keys: readonly VerifierKey[]
  readonly origin: string
  readonly faults: FaultList
}

/** A step of the walk: the tree before it and after it, and the leaves in between where they are known. */
export interface WalkStep {
  readonly before: CompactRange | null
  readonly after: CompactRange | null
  readonly from: number
  readonly to: number
  readonly leaves: readonly Uint8Array[] | null
}

/** Compares checkpoints that were kept with the tree that grows under the walk. */
export interface Anchors {
  /** Checks every checkpoint up to the end of the step. Steps come in order, without gaps. */
  pass(step: WalkStep): Promise<void>
  /** Checks what is left after the last step, at the log's size: all that is larger is a rollback. */
  end(size: number): Promise<void>
}

/**
 * Takes signed checkpoints in the order of their sizes and reads one ahead, so that a history of any length needs no memory.
 * `file` names it in faults.
 */
export function openAnchors(
  notes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  file: string,
  trust: AnchorTrust,
): Anchors {
  const { hash, faults } = trust
  const believed = believe(notes, file, trust)
  let next: Promise<IteratorResult<Anchor, void>> | null = null

  return {
    async pass(step) {
      for (let anchor = await peek(); anchor !== null && anchor.size <= step.to; anchor = await advance()) {
        compare(anchor, step)
      }
    },
    async end(logSize) {
      for (let anchor = await peek(); anchor !== null; anchor = await advance()) {
        if (anchor.size <= logSize) continue
        const detail = `${anchor.name} is of ${anchor.size} records, the log's of ${logSize}`
        faults.add({ kind: 'rollback', from: logSize, to: anchor.size, file, detail })
      }
    },
  }

  async function peek(): Promise<Anchor | null> {
    next ??= believed.next()
    try {
      const { value } = await next
      return value ?? null
    } catch (error) {
      // A generator that has thrown is at its end, so this is said once.
      faults.add({ kind: 'unreadable', from: 0, to: 0, file, detail: messageOf(error) })
      next = believed.next()
      return null
    }
  }

  async function advance(): Promise<Anchor | null> {
    next = null
    return peek()
  }

  function compare({ name, size, root }: Anchor, step: WalkStep): void {
    const place = { from: 0, to: size, file }
    const own = rootAt(hash, size, step)
    if (own === null) faults.add({ kind: 'pruned', ...place, detail: `${name} lies in a part of the log that is gone` })
    else if (!equalBytes(own, root))
      faults.add({ kind: 'fork', ...place, detail: `${name} has another root than the log had then` })
  }
}

interface Anchor extends Checkpoint {
  /** For faults. */
  readonly name: string
}

/** Reports and leaves out what cannot be believed, and what is smaller than the one before it. */
async function* believe(
  notes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  file: string,
  trust: AnchorTrust,
): AsyncGenerator<Anchor, void> {
  let number = 0
  let sizeBefore = 0
  for await (const note of notes) {
    const name = `Kept checkpoint ${number++}`
    const checkpoint = await openOne(note, trust)
    const fault =
      typeof checkpoint === 'string'
        ? { kind: 'signature' as const, why: checkpoint }
        : faultOf(checkpoint, sizeBefore, trust)
    if (fault !== null) trust.faults.add({ kind: fault.kind, from: 0, to: 0, file, detail: `${name} ${fault.why}` })
    if (fault !== null || typeof checkpoint === 'string') continue
    sizeBefore = checkpoint.size
    yield { ...checkpoint, name }
  }
}

async function openOne(note: Uint8Array, { keys, verify }: AnchorTrust): Promise<Checkpoint | string> {
  try {
    return (await openCheckpoint(note, keys, verify)).checkpoint
  } catch (error) {
    return `cannot be believed: ${messageOf(error)}`
  }
}

function faultOf(
  { origin, size }: Checkpoint,
  sizeBefore: number,
  trust: AnchorTrust,
): { kind: FaultKind; why: string } | null {
  if (origin !== trust.origin) return { kind: 'origin', why: `is of ${quote(origin)}` }
  return size < sizeBefore ? { kind: 'rollback', why: `is of ${size} records, after one of ${sizeBefore}` } : null
}

/** The root that the log had at this size, which lies in the step; null where the hashes for it are gone. */
function rootAt(hash: Sha256, size: number, { before, after, from, to, leaves }: WalkStep): Uint8Array | null {
  if (size === to) return after === null ? null : rangeRoot(hash, after)
  if (before === null || (size > from && leaves === null)) return null
  const range = (leaves ?? []).slice(0, size - from).reduce((grown, leaf) => appendLeaf(hash, grown, leaf), before)
  return rangeRoot(hash, range)
}

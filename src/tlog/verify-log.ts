import { openCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { messageOf, TlogError } from './errors.ts'
import { openAnchors } from './log-anchors.ts'
import { openFaultList, type Fault, type FaultKind, type FaultList } from './log-faults.ts'
import { openLogFiles, type ReadFile } from './log-files.ts'
import { opaqueEntries, openRecordCheck } from './log-records.ts'
import { walkLog } from './log-walk.ts'
import type { Sha256 } from './merkle.ts'
import { noteBytesMax } from './note.ts'
import type { VerifySignature } from './signatures.ts'
import { quote } from './text.ts'
import { assertQuorum } from './tlog-proof.ts'
import type { VerifierKey } from './verifier-key.ts'

/** What to verify, whom to believe, and with which cryptography. */
export interface VerifyLogOptions {
  /** Reads `checkpoint`, tiles and bundles. */
  readonly read: ReadFile
  readonly hash: Sha256
  readonly verify: VerifySignature
  /** Keys of the log, got elsewhere than from the log; one of them must have signed. */
  readonly keys: readonly VerifierKey[]
  readonly origin: string
  /** Keys of witnesses. @default none */
  readonly witnessKeys?: readonly VerifierKey[]
  /** How many witnesses must have signed. @default 0 */
  readonly witnessesMin?: number
  /** A checkpoint that one has kept: the log must contain what it had then. @default none */
  readonly since?: Uint8Array
  /** Signed checkpoints of all times, as the log keeps them, in order: each must be a state that the log had. @default none */
  readonly history?: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /**
   * `derived`: unfinished tiles are not stored, and follow from the unfinished bundle and the finished tiles, as in a log's own
   * folder; the reader makes up the unfinished bundle from the records that wait to be sealed. `served`: they must be there. @default 'served'
   */
  readonly partialTiles?: 'served' | 'derived'
  /** `opaque`: entries may be anything, as in logs of others. @default 'ghr1' */
  readonly entries?: 'ghr1' | 'opaque'
  /** Records from this one on must be there; only those before may be pruned. @default any beginning may be pruned */
  readonly keptFrom?: number
  /** Faults that are reported; the others are counted. @default 1000 */
  readonly faultsMax?: number
  /** Called with each fault as it is found, whatever is kept of it. @default nobody */
  readonly onFault?: (fault: Fault) => void
  /** Ends the verification with a throw of its reason. @default none */
  readonly signal?: AbortSignal
}

/** What was found. */
export interface LogReport {
  /**
   * `intact`: everything is there and right. `partial`: what is there is right, and what is gone may be. `tampered`: the log is
   * not what was signed.
   */
  readonly verdict: 'intact' | 'partial' | 'tampered'
  /** The same as `verdict === 'intact'`. */
  readonly ok: boolean
  readonly origin: string
  /** Records that the checkpoint speaks of; null if there is no checkpoint that one can believe, and then nothing else was read. */
  readonly size: number | null
  /** The signed root; null as `size`. */
  readonly root: Uint8Array | null
  /** Names of the keys that have signed the checkpoint, witnesses too. */
  readonly signers: readonly string[]
  /** Entries that were read and that the tree bears out. */
  readonly entriesChecked: number
  /** Records before this one are pruned. */
  readonly prunedTo: number
  /** The first of all faults, in the order of the log. */
  readonly faults: readonly Fault[]
  readonly faultsTotal: number
}

const faultsMaxDefault = 1000

/**
 * Verifies a whole log: checkpoint, tiles, entries and records, and its agreement with checkpoints that were kept. Goes on
 * after a fault and reports all of them, with their place. Holds one bundle at a time, believes no length and no number
 * before it was checked, and ends even if the log claims a size that nobody can read. Throws for options that make no sense,
 * and when it is aborted; for nothing that the log can hold.
 */
export async function verifyLog(options: VerifyLogOptions): Promise<LogReport> {
  const faults = openFaultList(options.faultsMax ?? faultsMaxDefault, options.onFault)
  const signed = await readCheckpoint(options, faults)
  if (signed === null) return reportOf(options, faults, { signed, entriesChecked: 0, prunedTo: 0 })
  const { checkpoint } = signed
  const { hash, verify, origin, since, history = [], signal = null } = options
  const trust = { hash, verify, origin, faults, keys: options.keys }
  const found = await walkLog({
    hash,
    files: openLogFiles(options.read, faults),
    faults,
    records: options.entries === 'opaque' ? opaqueEntries : openRecordCheck(faults),
    anchors: [
      openAnchors(since === undefined ? [] : [since], 'since', trust),
      openAnchors(history, 'checkpoints.log', trust),
    ],
    size: checkpoint.size,
    root: checkpoint.root,
    derivesPartials: options.partialTiles === 'derived',
    keptFrom: options.keptFrom ?? checkpoint.size,
    signal,
  })
  return reportOf(options, faults, { signed, ...found })
}

async function readCheckpoint(options: VerifyLogOptions, faults: FaultList): Promise<SignedCheckpoint | null> {
  const { read, verify, keys, witnessKeys = [], witnessesMin = 0 } = options
  try {
    const bytes = await read('checkpoint', noteBytesMax)
    if (bytes === null) return refuse('missing', 'The checkpoint is missing')
    const signed = await openCheckpoint(bytes, [...keys, ...witnessKeys], verify)
    assertQuorum(signed, { keys, witnessKeys, witnessesMin })
    return signed.checkpoint.origin === options.origin
      ? signed
      : refuse('origin', `The checkpoint is of ${quote(signed.checkpoint.origin)}`)
  } catch (error) {
    if (!(error instanceof TlogError)) return refuse('unreadable', messageOf(error))
    if (error.code === 'key_ambiguous') throw error
    return refuse(error.code === 'malformed' ? 'checkpoint' : 'signature', error.message)
  }

  function refuse(kind: FaultKind, detail: string): null {
    faults.add({ kind, from: 0, to: 0, file: 'checkpoint', detail })
    return null
  }
}

function reportOf(
  { origin }: VerifyLogOptions,
  faults: FaultList,
  { signed, entriesChecked, prunedTo }: { signed: SignedCheckpoint | null; entriesChecked: number; prunedTo: number },
): LogReport {
  const verdict = faults.totalOfTampering > 0 ? 'tampered' : faults.total > 0 ? 'partial' : 'intact'
  return {
    verdict,
    ok: verdict === 'intact',
    origin,
    size: signed?.checkpoint.size ?? null,
    root: signed?.checkpoint.root ?? null,
    signers: signed?.signers.map(({ key }) => key.name) ?? [],
    entriesChecked,
    prunedTo,
    faults: faults.kept,
    faultsTotal: faults.total,
  }
}

import { setTimeout as pause } from 'node:timers/promises'
import { GatehouseError, hasCode, type LedgerLog, messageOf } from '../../core/mod.ts'
import {
  appendNode,
  buildProof,
  type Checkpoint,
  type CompactRange,
  coveringNodes,
  decodeHex,
  decodeUtf8,
  emptyRange,
  encodeHex,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  planConsistency,
  rangeRoot,
  sha256,
  tileHashReader,
  tilePath,
  verifyConsistency,
  type VerifySignature,
} from '../../tlog/mod.ts'
import type { ReviewLedger } from './ledger.ts'

/**
 * The part of a log that a review looks at, fixed: the records from `from` to before `to`, and the root of the tree of the
 * first `to` records. The period alone decides the root, so that nobody chooses it by choosing when the review runs.
 */
export interface Pin {
  readonly log: LedgerLog
  readonly from: number
  readonly to: number
  /** Hex. */
  readonly root: string
  /** The signed checkpoint that covers the end, as it was; '' for a log that was empty and unsigned. */
  readonly checkpoint: string
  readonly checkpointSize: number
  /** Hex. */
  readonly checkpointRoot: string
  /** The key with which the checkpoint was checked. */
  readonly vkey: string
  /** Why the checkpoint cannot be believed; '' when it can. */
  readonly fault: string
}

export interface PinParts {
  readonly ledger: ReviewLedger
  readonly verify: VerifySignature
  /** How often to look for a checkpoint that covers the end. @default 20 */
  readonly looksMax?: number
  /** Between two looks. @default 500 */
  readonly lookMs?: number
}

/**
 * Pins the records that the ledger took in a stretch of time, by its own clock. Waits for a checkpoint that covers the last of
 * them; throws `unreachable` when there is none in time, or no gate.
 */
export async function pinRange(
  log: LedgerLog,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  parts: PinParts,
): Promise<Pin> {
  const { looksMax = 20, lookMs = 500 } = parts
  for (let look = 1; ; look++) {
    const pin = await pinOnce(log, { fromMs, toMs }, parts)
    if (pin !== null) return pin
    if (look >= looksMax)
      throw new GatehouseError('unreachable', `No checkpoint of the ${log} log covers the end of the period yet`)
    await pause(lookMs)
  }
}

/** True if what is signed now begins with these records; false also where what is signed cannot be believed. */
export async function beginsWith(log: LedgerLog, claim: Beginning, { ledger, verify }: PinParts): Promise<boolean> {
  return await withTiles(log, async () => {
    const { checkpoint, fault } = await signedHead(log, ledger, verify)
    if (fault !== '') return false
    const size = checkpoint?.size ?? 0
    const root = checkpoint === null ? emptyRoot : encodeHex(checkpoint.root)
    return await isBeginningOf({ log, size, root }, claim, ledger)
  })
}

/** So many records, with this root, hex. */
export interface Beginning {
  readonly size: number
  readonly root: string
}

/** The fewest subtrees over the first `size` records, as the tiles have them: proven by nothing but what is built on them. */
export async function rangeOfFirst(size: number, log: LedgerLog, ledger: ReviewLedger): Promise<CompactRange> {
  return await withTiles(log, async () => {
    const bytes = size === 0 ? null : await ledger.ledgerFile(log, 'checkpoint')
    if (bytes === null) return emptyRange()
    return await compactRange(size, { log, size: parseCheckpoint(parseNote(bytes).text).size }, ledger)
  })
}

/** A partial tile goes when a newer checkpoint comes; whoever looks again reads by that one. Throws `unreachable` in the end. */
async function withTiles<T>(log: LedgerLog, read: () => Promise<T>): Promise<T> {
  for (let look = 1; ; look++) {
    try {
      return await read()
    } catch (error) {
      if (!hasCode(error, 'tile_missing')) throw error
      if (look >= tileLooksMax)
        throw new GatehouseError('unreachable', `Cannot read the tiles of the ${log} log`, { cause: error })
    }
  }
}

const tileLooksMax = 10

async function isBeginningOf(
  tree: { readonly log: LedgerLog } & Beginning,
  { size, root }: Beginning,
  ledger: ReviewLedger,
): Promise<boolean> {
  if (size === 0) return root === emptyRoot
  if (size > tree.size) return false
  const read = tileHashReader(sha256, tree.size, (address) => ledger.ledgerFile(tree.log, tilePath(address)))
  const proof = await buildProof(sha256, planConsistency(size, tree.size), read)
  return verifyConsistency(
    sha256,
    { size1: size, size2: tree.size, root1: decodeHex(root), root2: decodeHex(tree.root) },
    proof,
  )
}

/** The root of a tree of nothing (RFC 6962), hex. */
export const emptyRoot: string = encodeHex(sha256(new Uint8Array(0)))

async function pinOnce(
  log: LedgerLog,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  { ledger, verify }: PinParts,
): Promise<Pin | null> {
  const signed = await signedHead(log, ledger, verify)
  const size = signed.checkpoint?.size ?? 0
  const to = await firstAt(log, toMs, { size, ledger })
  if (to === size && (await isBefore(log, { seq: size, toMs }, ledger))) return null
  const from = await firstAt(log, fromMs, { size: to, ledger })
  const pin = {
    log,
    from,
    to,
    checkpoint: signed.text,
    checkpointSize: size,
    checkpointRoot: signed.checkpoint === null ? emptyRoot : encodeHex(signed.checkpoint.root),
    vkey: signed.vkey,
  }
  try {
    const root = encodeHex(rangeRoot(sha256, await compactRange(to, { log, size }, ledger)))
    const tree = { log, size, root: pin.checkpointRoot }
    const isSame = await isBeginningOf(tree, { size: to, root }, ledger)
    const fault = isSame ? signed.fault : `The tree of ${to} records is not the beginning of the signed one of ${size}`
    return { ...pin, root, fault }
  } catch (error) {
    // A partial tile goes when the next checkpoint comes; whoever looks again reads the newer one.
    if (hasCode(error, 'tile_missing')) return null
    throw error
  }
}

interface SignedHead {
  readonly text: string
  readonly vkey: string
  readonly checkpoint: Checkpoint | null
  readonly fault: string
}

async function signedHead(log: LedgerLog, ledger: ReviewLedger, verify: VerifySignature): Promise<SignedHead> {
  const [bytes, key] = [await ledger.ledgerFile(log, 'checkpoint'), await ledger.ledgerFile(log, 'vkey')]
  const vkey = key === null ? '' : decodeUtf8(key).trim()
  if (bytes === null) return { text: '', vkey, checkpoint: null, fault: '' }
  const text = decodeUtf8(bytes)
  try {
    const { checkpoint } = await openCheckpoint(bytes, [parseVerifierKey(sha256, vkey)], verify)
    return { text, vkey, checkpoint, fault: '' }
  } catch (error) {
    const fault = `The checkpoint of the ${log} log is not signed by its key: ${messageOf(error)}`
    return { text, vkey, checkpoint: parseCheckpoint(parseNote(bytes).text), fault }
  }
}

/** The first record that the ledger took at this moment or later; `size` when there is none before it. */
export async function firstAt(
  log: LedgerLog,
  atMs: number,
  { size, ledger }: { readonly size: number; readonly ledger: ReviewLedger },
): Promise<number> {
  let [low, high] = [0, size]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [record] = await ledger.records(log, middle, 1)
    if (record === undefined) throw new GatehouseError('unreachable', `Cannot read record ${middle} of the ${log} log`)
    if (record.recordedAtUs < atMs * 1000) low = middle + 1
    else high = middle
  }
  return low
}

async function isBefore(
  log: LedgerLog,
  { seq, toMs }: { readonly seq: number; readonly toMs: number },
  ledger: ReviewLedger,
): Promise<boolean> {
  const [record] = await ledger.records(log, seq, 1)
  return record !== undefined && record.recordedAtUs < toMs * 1000
}

/** Of the first `size` records of a tree. */
async function compactRange(
  size: number,
  tree: { readonly log: LedgerLog; readonly size: number },
  ledger: ReviewLedger,
): Promise<CompactRange> {
  if (size === 0) return emptyRange()
  const nodes = coveringNodes(0, size)
  const read = tileHashReader(sha256, tree.size, (address) => ledger.ledgerFile(tree.log, tilePath(address)))
  const hashes = await read(nodes)
  return nodes.reduce(
    (grown, { level }, at) => appendNode(sha256, grown, { level, hash: hashes[at] ?? new Uint8Array(0) }),
    emptyRange(),
  )
}

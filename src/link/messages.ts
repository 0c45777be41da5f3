import {
  type AuditEvent,
  type Consumer,
  type Credential,
  GatehouseError,
  type GateStatus,
  type LedgerLog,
  ledgerLogs,
  type LedgerRecord,
  type NetworkRule,
  type Policy,
  type Snapshot,
  type SnapshotChange,
} from '../core/mod.ts'
import { encodeFrame, type Frame } from './frames.ts'

/** What the gate says first. A desk that speaks another version hangs up. */
export interface LinkHello {
  readonly version: typeof linkVersion
  /** Revision of the rules that the gate works by, 0 when it has none yet. */
  readonly revision: number
  /** Records of each log on disk. */
  readonly sizes: Readonly<Record<LedgerLog, number>>
}

/** Raised whenever one end could misunderstand the other. */
export const linkVersion = 3

/** What the desk asks of the gate, which alone has the ledger's files. */
export type LinkQuestion =
  /** A file of the published log, by its path: `checkpoint`, `vkey`, `tile/…`. */
  | { readonly kind: 'ledger-file'; readonly log: LedgerLog; readonly path: string }
  /** The proof that a record is in the log, as text; nothing while no checkpoint covers it. */
  | { readonly kind: 'proof'; readonly log: LedgerLog; readonly seq: number }
  | { readonly kind: 'records'; readonly log: LedgerLog; readonly from: number; readonly recordsMax: number }
  /** Entries for the audit log; answered, with nothing, when they are durable. */
  | { readonly kind: 'audit'; readonly entries: readonly AuditEvent[] }

/** Bytes, or nothing: the gate has no such thing. */
export type LinkAnswer =
  | { readonly ok: true; readonly bytes: Uint8Array | null }
  | { readonly ok: false; readonly code: string; readonly message: string }

/** Everything that crosses the link. Snapshots travel in parts, so that no frame grows with the number of keys. */
export type LinkMessage =
  // gate → desk
  | { readonly type: 'hello'; readonly hello: LinkHello }
  | { readonly type: 'records'; readonly log: LedgerLog; readonly records: readonly LedgerRecord[] }
  | { readonly type: 'status'; readonly status: GateStatus }
  | { readonly type: 'applied'; readonly revision: number; readonly ok: boolean }
  | { readonly type: 'answer'; readonly id: number; readonly answer: LinkAnswer }
  // desk → gate
  | { readonly type: 'follow'; readonly log: LedgerLog; readonly from: number }
  | { readonly type: 'ack'; readonly log: LedgerLog; readonly next: number }
  | {
      readonly type: 'snapshot-begin'
      readonly revision: number
      readonly policy: Policy
      readonly networks: readonly NetworkRule[]
    }
  | {
      readonly type: 'snapshot-part'
      readonly consumers: readonly Consumer[]
      readonly credentials: readonly Credential[]
    }
  | { readonly type: 'snapshot-end' }
  | { readonly type: 'change'; readonly change: SnapshotChange }
  | { readonly type: 'ask'; readonly id: number; readonly question: LinkQuestion }

const json = 1
const records = 2
const answer = 3

/** A message as one frame. */
export function encodeMessage(message: LinkMessage): Buffer {
  if (message.type === 'records')
    return encodeFrame(
      records,
      Buffer.concat([Buffer.of(ledgerLogs.indexOf(message.log)), encodeRecords(message.records)]),
    )
  if (message.type === 'answer') return encodeFrame(answer, encodeAnswer(message.id, message.answer))
  return encodeFrame(json, Buffer.from(JSON.stringify(message)))
}

/** Throws `link_broken` on what `encodeMessage` did not write. */
export function decodeMessage({ type, payload }: Frame): LinkMessage {
  try {
    if (type === records)
      return { type: 'records', log: logOf(payload[0]), records: decodeRecords(payload.subarray(1)) }
    if (type === answer) return { type: 'answer', id: payload.readUInt32BE(0), answer: decodeAnswer(payload) }
    // Both ends are one release and authenticated each other: only our own encodeMessage writes here.
    if (type === json) return JSON.parse(payload.toString('utf8')) as LinkMessage
  } catch (cause) {
    throw new GatehouseError('link_broken', 'Cannot read a message of the link', { cause })
  }
  throw new GatehouseError('link_broken', `Cannot read a frame of type ${type}`)
}

function logOf(id: number | undefined): LedgerLog {
  const log = ledgerLogs[id ?? -1]
  if (log === undefined) throw new RangeError(`There is no log ${id}`)
  return log
}

// Answers: `u32be id | u8 what | bytes`.
const what = { nothing: 0, bytes: 1, error: 2 } as const

function encodeAnswer(id: number, said: LinkAnswer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(id, 0)
  head[4] = said.ok ? (said.bytes === null ? what.nothing : what.bytes) : what.error
  if (!said.ok) return Buffer.concat([head, Buffer.from(JSON.stringify({ code: said.code, message: said.message }))])
  return said.bytes === null ? head : Buffer.concat([head, said.bytes])
}

function decodeAnswer(payload: Buffer): LinkAnswer {
  const bytes = payload.subarray(5)
  switch (payload[4]) {
    case what.nothing:
      return { ok: true, bytes: null }
    case what.bytes:
      return { ok: true, bytes }
    case what.error:
      return { ok: false, ...(JSON.parse(bytes.toString('utf8')) as { code: string; message: string }) } // see encodeAnswer
    default:
      throw new RangeError('An answer of no known kind')
  }
}

/** A snapshot as the messages that carry it. */
export function* snapshotMessages(snapshot: Snapshot): Generator<LinkMessage> {
  const { revision, policy, networks } = snapshot
  yield { type: 'snapshot-begin', revision, policy, networks }
  const count = Math.max(snapshot.consumers.length, snapshot.credentials.length)
  for (let i = 0; i < count; i += partSize) {
    yield {
      type: 'snapshot-part',
      consumers: snapshot.consumers.slice(i, i + partSize),
      credentials: snapshot.credentials.slice(i, i + partSize),
    }
  }
  yield { type: 'snapshot-end' }
}

/** With the longest names and scopes that the control store takes, a part stays well below `frameBytesMax`. */
const partSize = 500

// Records: `u32be count`, then per record `f64be seq | f64be recordedAtUs | u32be length | bytes`.
const headBytes = 20

/** Records as one block of bytes. */
export function encodeRecords(batch: readonly LedgerRecord[]): Buffer {
  const bytes = batch.reduce((sum, record) => sum + headBytes + record.bytes.length, 4)
  const out = Buffer.allocUnsafe(bytes)
  out.writeUInt32BE(batch.length, 0)
  let at = 4
  for (const record of batch) {
    out.writeDoubleBE(record.seq, at)
    out.writeDoubleBE(record.recordedAtUs, at + 8)
    out.writeUInt32BE(record.bytes.length, at + 16)
    out.set(record.bytes, at + headBytes)
    at += headBytes + record.bytes.length
  }
  return out
}

/** Throws on what `encodeRecords` did not write. */
export function decodeRecords(payload: Buffer): LedgerRecord[] {
  const count = payload.readUInt32BE(0)
  const batch: LedgerRecord[] = []
  let at = 4
  for (let i = 0; i < count; i++) {
    const length = payload.readUInt32BE(at + 16)
    const end = at + headBytes + length
    if (end > payload.length) throw new RangeError('A record ends behind its frame')
    batch.push({
      seq: payload.readDoubleBE(at),
      recordedAtUs: payload.readDoubleBE(at + 8),
      bytes: payload.subarray(at + headBytes, end),
    })
    at = end
  }
  if (at !== payload.length) throw new RangeError('Bytes behind the last record')
  return batch
}

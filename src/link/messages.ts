import {
  type Consumer,
  type Credential,
  GatehouseError,
  type GateStatus,
  type LedgerRecord,
  type Policy,
  type Snapshot,
  type SnapshotChange,
} from '../core/mod.ts'
import { encodeFrame, type Frame } from './frames.ts'

/** What the gate says first. A desk that speaks another version hangs up. */
export interface LinkHello {
  readonly version: 1
  /** Revision of the rules that the gate works by, 0 when it has none yet. */
  readonly revision: number
  /** Records on disk. */
  readonly size: number
}

/** Everything that crosses the link. Snapshots travel in parts, so that no frame grows with the number of keys. */
export type LinkMessage =
  // gate → desk
  | { readonly type: 'hello'; readonly hello: LinkHello }
  | { readonly type: 'records'; readonly records: readonly LedgerRecord[] }
  | { readonly type: 'status'; readonly status: GateStatus }
  | { readonly type: 'applied'; readonly revision: number; readonly ok: boolean }
  // desk → gate
  | { readonly type: 'follow'; readonly from: number }
  | { readonly type: 'ack'; readonly next: number }
  | { readonly type: 'snapshot-begin'; readonly revision: number; readonly policy: Policy }
  | {
      readonly type: 'snapshot-part'
      readonly consumers: readonly Consumer[]
      readonly credentials: readonly Credential[]
    }
  | { readonly type: 'snapshot-end' }
  | { readonly type: 'change'; readonly change: SnapshotChange }

const json = 1
const records = 2

/** A message as one frame. */
export function encodeMessage(message: LinkMessage): Buffer {
  if (message.type === 'records') return encodeFrame(records, encodeRecords(message.records))
  return encodeFrame(json, Buffer.from(JSON.stringify(message)))
}

/** Throws `link_broken` on what `encodeMessage` did not write. */
export function decodeMessage(frame: Frame): LinkMessage {
  try {
    if (frame.type === records) return { type: 'records', records: decodeRecords(frame.payload) }
    // Both ends are one release and authenticated each other: only our own encodeMessage writes here.
    if (frame.type === json) return JSON.parse(frame.payload.toString('utf8')) as LinkMessage
  } catch (cause) {
    throw new GatehouseError('link_broken', 'Cannot read a message of the link', { cause })
  }
  throw new GatehouseError('link_broken', `Cannot read a frame of type ${frame.type}`)
}

/** A snapshot as the messages that carry it. */
export function* snapshotMessages(snapshot: Snapshot): Generator<LinkMessage> {
  yield { type: 'snapshot-begin', revision: snapshot.revision, policy: snapshot.policy }
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

function encodeRecords(batch: readonly LedgerRecord[]): Buffer {
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

function decodeRecords(payload: Buffer): LedgerRecord[] {
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

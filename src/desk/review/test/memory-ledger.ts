import { generateKeyPairSync, sign } from 'node:crypto'
import { type AccessEvent, type AuditEvent, emptyEvent, type LedgerLog, type LedgerRecord } from '../../../core/mod.ts'
import {
  buildProof,
  emptyEdge,
  encodeBundle,
  encodeUtf8,
  formatCheckpoint,
  formatNote,
  formatTlogProof,
  formatVerifierKey,
  growTiles,
  leafHash,
  noteMessage,
  noteSignature,
  parseTilePath,
  partialTiles,
  planInclusion,
  sha256,
  type Tile,
  tileHashReader,
  tilePath,
  tileWidth,
  verifierKey,
} from '../../../tlog/mod.ts'
import type { ReviewLedger } from '../ledger.ts'

/** Two logs in memory, published as real transparency logs: leaves, tiles, signed checkpoints, proofs. */
export interface MemoryLedger extends ReviewLedger {
  access(atMs: number, event: Partial<AccessEvent>): number
  audit(atMs: number, event: Pick<AuditEvent, 'kind'> & Partial<AuditEvent>): number
  /** Signs everything so far; without it, the newest records are not covered. */
  seal(): void
  /** Changes a record in place, as somebody with the disk would. */
  tamper(log: LedgerLog, seq: number, bytes: Uint8Array): void
  /** Asked for anything, it throws this; null: it answers. */
  broken: Error | null
}

interface MemoryLog {
  records: LedgerRecord[]
  checkpoint: Uint8Array | null
  tiles: Map<string, Uint8Array>
  signed: number
}

/** The id of a request, made of its number. */
export function requestIdOf(n: number): string {
  return n.toString(16).padStart(32, '0')
}

export function openMemoryLedger(): MemoryLedger {
  const logs: Record<LedgerLog, MemoryLog> = { access: emptyLog(), audit: emptyLog() }
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32))
  const keyOf = (log: LedgerLog): ReturnType<typeof verifierKey> =>
    verifierKey(sha256, { name: `test/${log}`, type: 'ed25519', publicKey: raw })
  const append = (log: LedgerLog, atMs: number, value: unknown): number => {
    const { records } = logs[log]
    const seq = records.length
    const recordedAtUs = Math.max(Math.floor(atMs * 1000), records.at(-1)?.recordedAtUs ?? 0)
    records.push({ seq, recordedAtUs, bytes: encodeUtf8(JSON.stringify(value)) })
    return seq
  }
  const ledger: MemoryLedger = {
    broken: null,
    access: (atMs, event) => {
      const id = requestIdOf(logs.access.records.length)
      return append('access', atMs, { ...emptyEvent, id, kind: 'request', receivedAtMs: atMs, ...event })
    },
    audit: (atMs, event) => append('audit', atMs, { atMs, actor: 'desk', boot: 'b', details: {}, ...event }),
    seal: () => {
      for (const log of ['access', 'audit'] as const) seal(logs[log], log)
    },
    tamper: (log, seq, bytes) => {
      const old = logs[log].records[seq]
      if (old !== undefined) logs[log].records[seq] = { ...old, bytes }
    },
    records: async (log, from, max) => {
      if (ledger.broken !== null) throw ledger.broken
      return logs[log].records.slice(from, from + Math.min(max, 500))
    },
    ledgerFile: async (log, path) => {
      if (ledger.broken !== null) throw ledger.broken
      if (path === 'checkpoint') return logs[log].checkpoint
      if (path === 'vkey') return encodeUtf8(`${formatVerifierKey(keyOf(log))}\n`)
      return logs[log].tiles.get(tilePath(parseTilePath(path))) ?? null
    },
    proof: async (log, seq) => await proofIn(logs[log], seq),
  }
  return ledger

  function seal(log: MemoryLog, name: LedgerLog): void {
    const leaves = log.records.map(({ bytes }) => leafHash(sha256, bytes))
    const { edge, full } = growTiles(sha256, emptyEdge(), leaves)
    const tiles: readonly Tile[] = [...full, ...partialTiles(edge)]
    log.tiles = new Map(tiles.map(({ address, bytes }) => [tilePath(address), bytes]))
    for (let index = 0; index * tileWidth < leaves.length; index++) {
      const entries = log.records.slice(index * tileWidth, (index + 1) * tileWidth).map(({ bytes }) => bytes)
      log.tiles.set(tilePath({ level: 'entries', index, width: entries.length }), encodeBundle(entries))
    }
    log.signed = leaves.length
    const root = rootOf(leaves)
    const text = formatCheckpoint({ origin: `test/${name}`, size: leaves.length, root, extensions: [] })
    const signature = sign(null, noteMessage(text), privateKey)
    log.checkpoint = formatNote(text, [noteSignature(keyOf(name), signature)])
  }
}

function emptyLog(): MemoryLog {
  return { records: [], checkpoint: null, tiles: new Map(), signed: 0 }
}

function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const hash = (from: number, to: number): Uint8Array => {
    if (to - from === 0) return sha256(new Uint8Array(0))
    if (to - from === 1) return leaves[from] ?? new Uint8Array(0)
    const middle = from + 2 ** Math.floor(Math.log2(to - from - 1))
    return sha256(new Uint8Array([1, ...hash(from, middle), ...hash(middle, to)]))
  }
  return hash(0, leaves.length)
}

async function proofIn(log: MemoryLog, seq: number): Promise<string | null> {
  const record = log.records[seq]
  if (record === undefined || log.checkpoint === null || seq >= log.signed) return null
  const read = tileHashReader(sha256, log.signed, async (address) => log.tiles.get(tilePath(address)) ?? null)
  const hashes = await buildProof(sha256, planInclusion(seq, log.signed), read)
  const proof = formatTlogProof({ extra: record.bytes, index: seq, hashes, checkpoint: log.checkpoint })
  return new TextDecoder().decode(proof)
}

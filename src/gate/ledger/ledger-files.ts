import { sha256 } from '../../crypto/mod.ts'
import {
  buildProof,
  formatTlogProof,
  hashBytes,
  leafHash,
  parseCheckpoint,
  parseNote,
  parseTilePath,
  planInclusion,
  rootOf,
  splitTile,
  tileHashReader,
  tilePath,
  tileWidth,
  tileWidthIn,
  type TileAddress,
  encodeBundle,
} from '../../tlog/mod.ts'
import { LogEntries } from './log-entries.ts'
import { type LedgerLog, ledgerLogs } from './logs.ts'
import { fullTilePath, logDirOf, readLogFile } from './tree-files.ts'
import type { Entry } from './wal-format.ts'

/**
 * The published form of the logs (c2sp.org/tlog-tiles): what the newest checkpoint covers, and nothing beyond it. Only full
 * tiles and bundles are files; partial ones are made here. Reads files alone, so it works beside a running gate, in any
 * process. Believes what it reads: whoever gets it verifies it.
 */
export interface LedgerFiles {
  /** `checkpoint`, `vkey`, `origin`, or the path of a tile or bundle; null for whatever the log does not have. */
  read(log: LedgerLog, path: string): Uint8Array | null
  /** The proof that a record is in the log (c2sp.org/tlog-proof), with the record as `extra`; null while no checkpoint covers it. */
  proofOf(log: LedgerLog, seq: number): Promise<string | null>
}

/** The files of a ledger folder. */
export function openLedgerFiles(dir: string): LedgerFiles {
  const logs = new Map(ledgerLogs.map((log) => [log, new LogFiles(dir, log)]))
  const of = (log: LedgerLog): LogFiles => {
    const files = logs.get(log)
    if (files === undefined) throw new Error(`there is no log ${log}`)
    return files
  }
  return { read: (log, path) => of(log).read(path), proofOf: (log, seq) => of(log).proofOf(seq) }
}

const plainFiles: ReadonlySet<string> = new Set(['checkpoint', 'vkey', 'origin'])
/** Roots of full tiles, which never change; a partial tile and a proof need up to 255 of each level. */
const rootsMax = 4096

class LogFiles {
  readonly #logDir: string
  readonly #entries: LogEntries
  readonly #roots = new Map<string, Uint8Array>()

  constructor(dir: string, log: LedgerLog) {
    this.#logDir = logDirOf(dir, log)
    this.#entries = new LogEntries(dir, log, null)
  }

  read(path: string): Uint8Array | null {
    if (plainFiles.has(path)) return readLogFile(this.#logDir, path)
    const address = addressOf(path)
    const signed = address === null ? null : this.#signed()
    if (address === null || signed === null || tileWidthIn(signed.size, address) < address.width) return null
    return this.#tile(address)
  }

  async proofOf(seq: number): Promise<string | null> {
    const signed = this.#signed()
    if (signed === null || !Number.isSafeInteger(seq) || seq < 0 || seq >= signed.size) return null
    const [entry] = this.#entries.read(seq, { recordsMax: 1, bytesMax: 0 })
    if (entry === undefined) return null
    const reader = tileHashReader(sha256, signed.size, (address) => Promise.resolve(this.#tile(address)))
    const hashes = await buildProof(sha256, planInclusion(seq, signed.size), reader)
    const proof = { extra: entry.bytes, index: seq, hashes, checkpoint: signed.note }
    return Buffer.from(formatTlogProof(proof)).toString('utf8')
  }

  #signed(): { readonly size: number; readonly note: Uint8Array } | null {
    const note = readLogFile(this.#logDir, 'checkpoint')
    return note === null ? null : { size: parseCheckpoint(parseNote(note).text).size, note }
  }

  /** A tile or bundle that the signed tree has. */
  #tile(address: TileAddress): Uint8Array | null {
    const { level, index, width } = address
    const full = readLogFile(this.#logDir, fullTilePath(level, index))
    if (full !== null && width === tileWidth) return full
    if (width === tileWidth) return null
    if (level === 'entries') return bundleOf(this.#tail(index, width), width)
    if (full !== null) return full.subarray(0, width * hashBytes)
    const hashes =
      level === 0 ? this.#tail(index, width).map(({ bytes }) => leafHash(sha256, bytes)) : this.#rootsBelow(address)
    return hashes?.length === width ? Buffer.concat(hashes) : null
  }

  /** The first `width` entries of a bundle. */
  #tail(index: number, width: number): readonly Entry[] {
    const found: Entry[] = []
    for (let seq = index * tileWidth; found.length < width;) {
      const read = this.#entries.read(seq, { recordsMax: width - found.length, bytesMax: Number.POSITIVE_INFINITY })
      if (read.length === 0) return found
      for (const entry of read) found.push(entry)
      seq += read.length
    }
    return found
  }

  #rootsBelow({ level, index, width }: TileAddress): readonly Uint8Array[] | null {
    const roots: Uint8Array[] = []
    for (let at = 0; at < width; at++) {
      const root = this.#rootOf(Number(level) - 1, index * tileWidth + at)
      if (root === null) return null
      roots.push(root)
    }
    return roots
  }

  /** The root over a full tile, null when it is not there or not whole. */
  #rootOf(level: number, index: number): Uint8Array | null {
    const path = tilePath({ level, index, width: tileWidth })
    const known = this.#roots.get(path)
    if (known !== undefined) return known
    const bytes = readLogFile(this.#logDir, path)
    if (bytes?.length !== tileWidth * hashBytes) return null
    const root = rootOf(sha256, splitTile(bytes, tileWidth))
    if (this.#roots.size >= rootsMax) this.#roots.clear()
    this.#roots.set(path, root)
    return root
  }
}

function addressOf(path: string): TileAddress | null {
  try {
    return parseTilePath(path)
  } catch {
    return null // not the path of a tile
  }
}

function bundleOf(entries: readonly Entry[], width: number): Uint8Array | null {
  return entries.length === width ? encodeBundle(entries.map(({ bytes }) => bytes)) : null
}

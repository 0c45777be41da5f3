import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, hasCode } from '../../core/mod.ts'
import { ensurePrivateDir, type Sealer, writeFileAtomic } from '../../crypto/mod.ts'
import { createRowsBuilder, type Rows } from './query-rows.ts'
import { decodeSegment, encodeSegment } from './query-segment.ts'

/** Records from one place of the ledger to before another. */
export interface Span {
  readonly seqFrom: number
  readonly seqTo: number
}

/** One file of the index. Its name says all of this, and nothing of any request. */
export interface Segment extends Span {
  readonly name: string
  /** First and last time of a row; 0 when there is no row. */
  readonly timeFrom: number
  readonly timeTo: number
  readonly rows: number
  readonly bytes: number
}

/** What is written as one segment. */
export interface SegmentRows extends Span {
  readonly rows: Rows
  readonly times: { readonly from: number; readonly to: number }
}

export interface FolderOptions {
  readonly path: string
  readonly sealer: Sealer
  readonly clock: Clock
  /** Rows of which all are older than this are removed. */
  readonly keepMs: number
  /** Oldest segments are removed beyond this. */
  readonly bytesMax: number
  /** Small neighbours become one segment of at most so many rows. */
  readonly segmentRowsMax: number
}

/**
 * The segments of an index in a folder (0700, files 0600), sealed. A segment is written as a whole or not at all; one that cannot be
 * read is removed and then a gap, as one that was taken away is.
 */
export interface Folder {
  /** In the order of the ledger; none overlaps another. */
  readonly segments: readonly Segment[]
  /** First place behind all segments. */
  readonly seqNext: number
  /** First place that is kept. What is before it was removed on purpose. */
  readonly seqFirst: number
  /** What should be here before this place and is not, oldest first. */
  gaps(before: number): readonly Span[]
  /** Null when it was damaged; then it is a gap. */
  read(segment: Segment): Rows | null
  /** Throws `data_folder_unusable` when it cannot be written; then nothing is changed. */
  write(content: SegmentRows): void
  /** Removes what is too old or too much. */
  prune(): void
  /** Forgets everything: the ledger is another one. */
  clear(): void
}

const suffix = '.seg'
const floorName = 'floor'
const namePattern = /^(\d+)-(\d+)-(\d+)-(\d+)-(\d+)$/

export function openFolder(options: FolderOptions): Folder {
  const { path, segmentRowsMax } = options
  ensurePrivateDir(path)
  let floor = readFloor(path)
  let segments = withoutOverlaps(path, listSegments(path))

  const remove = (gone: readonly Segment[]): void => {
    segments = segments.filter((one) => !gone.includes(one))
    for (const { name } of gone) rmSync(join(path, name + suffix), { force: true })
  }
  const read = (segment: Segment): Rows | null => {
    const rows = readSegment(segment, options)
    if (rows === null) remove([segment])
    return rows
  }
  const insert = (segment: Segment, instead: readonly Segment[] = []): void => {
    remove(instead)
    segments = [...segments, segment].sort((a, b) => a.seqFrom - b.seqFrom)
  }
  const merge = (): void => {
    for (;;) {
      const [older, newer] = segments.slice(-2)
      if (older === undefined || newer === undefined || !areOne(older, newer, segmentRowsMax)) return
      const [first, second] = [read(older), read(newer)]
      if (first === null || second === null) return
      const content = { ...joined(first, second), seqFrom: older.seqFrom, seqTo: newer.seqTo }
      insert(writeSegment(content, options), [older, newer])
    }
  }
  return {
    get segments() {
      return segments
    },
    get seqNext() {
      return segments.at(-1)?.seqTo ?? floor
    },
    get seqFirst() {
      return floor
    },
    gaps: (before) => gapsOf(segments, { floor, before }),
    read,
    write: (content) => {
      const isNewest = content.seqFrom >= (segments.at(-1)?.seqTo ?? 0)
      insert(writeSegment(content, options))
      if (isNewest) merge()
    },
    prune: () => {
      const gone = tooOld(segments, options)
      if (gone.length === 0) return
      // Before the files, so that what is removed is not taken for lost.
      floor = gone.at(-1)?.seqTo ?? floor
      writeFileAtomic(join(path, floorName), Buffer.from(String(floor)), 0o600)
      remove(gone)
    },
    clear: () => {
      remove(segments)
      floor = 0
      rmSync(join(path, floorName), { force: true })
    },
  }
}

/** Neighbours become one as in a binary counter: a row is written again at most log₂ of a segment's rows times. */
function areOne(older: Segment, newer: Segment, rowsMax: number): boolean {
  return older.seqTo === newer.seqFrom && older.rows + newer.rows <= rowsMax && older.rows <= newer.rows * 2
}

function joined(first: Rows, second: Rows): Pick<SegmentRows, 'rows' | 'times'> {
  const all = createRowsBuilder()
  all.addAll(first)
  all.addAll(second)
  return { rows: all.rows(), times: all.times }
}

/** Null for one that is gone or damaged. */
function readSegment({ name }: Segment, { path, sealer }: FolderOptions): Rows | null {
  try {
    return decodeSegment(sealer.open(readFileSync(join(path, name + suffix)), name))
  } catch (error) {
    if (hasCode(error, 'store_unreadable') || hasCode(error, 'ENOENT')) return null
    throw error
  }
}

function writeSegment({ rows, times, seqFrom, seqTo }: SegmentRows, { path, sealer }: FolderOptions): Segment {
  const [timeFrom, timeTo] = rows.count === 0 ? [0, 0] : [Math.floor(times.from), Math.ceil(times.to)]
  const name = [seqFrom, seqTo, timeFrom, timeTo, rows.count].join('-')
  const sealed = sealer.seal(encodeSegment(rows), name)
  writeFileAtomic(join(path, name + suffix), sealed, 0o600)
  return { name, seqFrom, seqTo, timeFrom, timeTo, rows: rows.count, bytes: sealed.length }
}

/** The oldest, as long as they are too old or all together too much. */
function tooOld(segments: readonly Segment[], { clock, keepMs, bytesMax }: FolderOptions): readonly Segment[] {
  const from = clock.wallMs() - keepMs
  let bytes = segments.reduce((sum, one) => sum + one.bytes, 0)
  const gone: Segment[] = []
  for (const segment of segments) {
    // One without rows has no time, and goes with the next.
    const isOld = segment.timeTo < from && (segment.rows > 0 || segment !== segments.at(-1))
    if (!isOld && bytes <= bytesMax) break
    gone.push(segment)
    bytes -= segment.bytes
  }
  return gone
}

function readFloor(path: string): number {
  try {
    const text = readFileSync(join(path, floorName), 'latin1')
    return /^\d{1,15}$/.test(text) ? Number(text) : 0
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0
    throw error
  }
}

function listSegments(path: string): readonly Segment[] {
  return readdirSync(path).flatMap((file): Segment[] => {
    // Of a write that a crash cut off.
    if (file.endsWith('.tmp')) rmSync(join(path, file), { force: true })
    const name = file.endsWith(suffix) ? file.slice(0, -suffix.length) : ''
    const numbers = namePattern.exec(name)?.slice(1).map(Number)
    if (numbers === undefined) return []
    const [seqFrom = 0, seqTo = 0, timeFrom = 0, timeTo = 0, rows = 0] = numbers
    return [{ name, seqFrom, seqTo, timeFrom, timeTo, rows, bytes: statSync(join(path, file)).size }]
  })
}

/** After a crash during a merge, the merged one and those it was made of may both be here: the widest stays. */
function withoutOverlaps(path: string, found: readonly Segment[]): readonly Segment[] {
  const kept: Segment[] = []
  for (const segment of [...found].sort((a, b) => a.seqFrom - b.seqFrom || b.seqTo - a.seqTo)) {
    if (segment.seqFrom >= (kept.at(-1)?.seqTo ?? 0)) kept.push(segment)
    else rmSync(join(path, segment.name + suffix), { force: true })
  }
  return kept
}

function gapsOf(
  segments: readonly Segment[],
  { floor, before }: { readonly floor: number; readonly before: number },
): readonly Span[] {
  const gaps: Span[] = []
  let next = floor
  for (const { seqFrom, seqTo } of [...segments, { seqFrom: before, seqTo: before }]) {
    if (seqFrom > next) gaps.push({ seqFrom: next, seqTo: seqFrom })
    next = Math.max(next, seqTo)
  }
  return gaps
}

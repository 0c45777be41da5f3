/**
 * A segment as bytes: `GHQ2 | length of the head, 4 bytes | head, JSON | blocks`. The head says where the block of each column
 * begins; each block is compressed for itself. What is written to disk is this, sealed.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { GatehouseError } from '../../core/mod.ts'
import { absentColumns, numberColumns, textColumns } from './query-columns.ts'
import type { Rows } from './query-rows.ts'

const magic = Buffer.from('GHQ2')
const headAt = magic.length + 4
/** Of one block, unpacked: far more than 65,536 rows of the longest texts that a record may have. */
const blockBytesMax = 512 * 1024 * 1024

/** How the values of a block stand in it. */
type Packing =
  | 'json'
  /** All are `base`; there are no bytes. */
  | 'same'
  /** The differences of neighbours, as 32 bits, their bytes in four planes. */
  | 'steps'
  /** Above the least, as 32 bits in four planes; all ones for an absent one. */
  | 'above'
  /** Float64. */
  | 'plain'

interface Packed {
  readonly packing: Packing
  /** What is added to each value. */
  readonly base: number
  readonly bytes: Uint8Array
}

interface Block extends Omit<Packed, 'bytes'> {
  readonly name: string
  readonly at: number
  readonly bytes: number
  /** It is not worth compressing. */
  readonly bare: boolean
}

interface Head {
  readonly rows: number
  readonly blocks: readonly Block[]
}

/** Shorter blocks grow rather than shrink. */
const bareBytesMax = 64

/** Packs rows. */
export function encodeSegment(rows: Rows): Buffer {
  const blocks: Block[] = []
  const parts: Uint8Array[] = []
  let at = 0
  const put = (name: string, { packing, base, bytes }: Packed): void => {
    const bare = bytes.length <= bareBytesMax
    const kept = bare ? bytes : zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
    blocks.push({ name, packing, base, at, bytes: kept.length, bare })
    parts.push(kept)
    at += kept.length
  }
  put('rest', packTexts(rows.rest()))
  for (const name of textColumns) {
    put(`words-${name}`, packTexts(rows.words(name)))
    put(`codes-${name}`, packNumbers(Float64Array.from(rows.codes(name))))
  }
  for (const name of numberColumns) put(`numbers-${name}`, packNumbers(rows.numbers(name)))
  const head = Buffer.from(JSON.stringify({ rows: rows.count, blocks } satisfies Head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(head.length)
  return Buffer.concat([magic, length, head, ...parts])
}

/**
 * What `encodeSegment` made, unpacked column by column as it is asked for. Throws `store_unreadable` for what is no segment of
 * this version; that it is whole is for its seal to say.
 */
export function decodeSegment(bytes: Buffer): Rows {
  const { head, block } = reading(() => openBlocks(bytes))
  return {
    count: head.rows,
    words: (name) => reading(() => unpackTexts(block(`words-${name}`))),
    codes: (name) => reading(() => Uint32Array.from(unpackNumbers(block(`codes-${name}`), { count: head.rows }))),
    numbers: (name) =>
      reading(() => unpackNumbers(block(`numbers-${name}`), { count: head.rows, mayLack: absentColumns.has(name) })),
    rest: () => reading(() => unpackTexts(block('rest'))),
  }
}

function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new GatehouseError('store_unreadable', 'Cannot read a segment of the query index: it is damaged', { cause })
  }
}

function openBlocks(bytes: Buffer): { readonly head: Head; readonly block: (name: string) => Packed } {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw new RangeError('No segment')
  const blocksAt = headAt + bytes.readUInt32LE(magic.length)
  // Opened from a seal of our own; a wrong shape fails below.
  const head = JSON.parse(bytes.toString('utf8', headAt, blocksAt)) as Head
  const byName = new Map(head.blocks.map((one) => [one.name, one]))
  const block = (name: string): Packed => {
    const found = byName.get(name)
    if (found === undefined) throw new RangeError(`No block ${name}`)
    const { packing, base, at, bare } = found
    const kept = bytes.subarray(blocksAt + at, blocksAt + at + found.bytes)
    if (kept.length !== found.bytes) throw new RangeError(`Short: ${name}`)
    return { packing, base, bytes: bare ? kept : zstdDecompressSync(kept, { maxOutputLength: blockBytesMax }) }
  }
  return { head, block }
}

function packTexts(list: readonly string[]): Packed {
  return { packing: 'json', base: 0, bytes: Buffer.from(JSON.stringify(list)) }
}

function unpackTexts({ bytes }: Packed): readonly string[] {
  return JSON.parse(decoder.decode(bytes)) as readonly string[]
}

const decoder = new TextDecoder()
const absent = 0xffff_ffff

function packNumbers(values: Float64Array): Packed {
  let [least, most, whole, full] = [Infinity, -Infinity, true, true]
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN
    if (Number.isNaN(value)) full = false
    else {
      if (value < least) least = value
      if (value > most) most = value
      whole &&= Number.isInteger(value)
    }
  }
  if (least > most) least = most = 0
  if (full && least === most) return { packing: 'same', base: least, bytes: new Uint8Array(0) }
  if (!whole || most - least >= absent)
    return { packing: 'plain', base: 0, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }
  const above = new Uint32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN
    above[i] = Number.isNaN(value) ? absent : value - least
  }
  if (!full || !rises(above)) return { packing: 'above', base: least, bytes: planesOf(above) }
  for (let i = above.length - 1; i > 0; i--) above[i] = (above[i] ?? 0) - (above[i - 1] ?? 0)
  return { packing: 'steps', base: least, bytes: planesOf(above) }
}

/** Mostly: differences, which are taken modulo 2³², then are small. */
function rises(values: Uint32Array): boolean {
  let rising = 0
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) >= (values[i - 1] ?? 0)) rising++
  return rising > values.length * 0.9
}

interface Unpacking {
  readonly count: number
  /** A value may be absent; what never is may use the whole width. */
  readonly mayLack?: boolean
}

function unpackNumbers({ packing, base, bytes }: Packed, { count, mayLack = false }: Unpacking): Float64Array {
  if (packing === 'same') return new Float64Array(count).fill(base)
  if (packing === 'plain') return new Float64Array(new Uint8Array(bytes).buffer)
  const values = fromPlanes(bytes)
  if (values.length !== count) throw new RangeError('Short')
  if (packing === 'steps') for (let i = 1; i < count; i++) values[i] = (values[i - 1] ?? 0) + (values[i] ?? 0)
  const numbers = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const value = values[i] ?? 0
    numbers[i] = mayLack && value === absent ? NaN : value + base
  }
  return numbers
}

/** All lowest bytes, then all next ones …: neighbours differ little, and so compress well. */
function planesOf(values: Uint32Array): Uint8Array {
  const { length } = values
  const planes = new Uint8Array(length * 4)
  for (let i = 0; i < length; i++) {
    const value = values[i] ?? 0
    planes[i] = value
    if (value <= 0xff) continue
    planes[length + i] = value >>> 8
    planes[length * 2 + i] = value >>> 16
    planes[length * 3 + i] = value >>> 24
  }
  return planes
}

function fromPlanes(planes: Uint8Array): Uint32Array {
  const length = planes.length / 4
  const values = new Uint32Array(length)
  for (let i = 0; i < length; i++) {
    values[i] =
      (planes[i] ?? 0) |
      ((planes[length + i] ?? 0) << 8) |
      ((planes[length * 2 + i] ?? 0) << 16) |
      ((planes[length * 3 + i] ?? 0) << 24)
  }
  return values
}

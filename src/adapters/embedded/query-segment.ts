/**
 * A segment as bytes: `GHQ1 | length of the head, 4 bytes | head, JSON | blocks`. The head says where the block of each column
 * begins; each block is compressed for itself. What is written to disk is this, sealed.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { GatehouseError } from '../../core/mod.ts'
import { absentColumns, numberColumns, textColumns } from './query-columns.ts'
import { perName, type Rows } from './query-rows.ts'

const magic = Buffer.from('GHQ1')
const headAt = magic.length + 4
/** Of one block, unpacked: far more than 65,536 rows of the longest texts that a record may have. */
const blockBytesMax = 512 * 1024 * 1024

/** How the values of a block stand in it. */
type Packing =
  | 'json'
  /** The differences of neighbours, as 32 bits, their bytes in four planes. */
  | 'steps'
  /** Above the least, as 32 bits in four planes; all ones for an absent one. */
  | 'above'
  /** Float64. */
  | 'plain'

interface Block {
  readonly name: string
  readonly packing: Packing
  /** What is added to each value. */
  readonly base: number
  readonly at: number
  readonly bytes: number
}

interface Head {
  readonly rows: number
  readonly blocks: readonly Block[]
}

/** Packs rows. */
export function encodeSegment(rows: Rows): Buffer {
  const blocks: Block[] = []
  const packed: Buffer[] = []
  let at = 0
  const put = (
    name: string,
    packing: Packing,
    content: { readonly base: number; readonly bytes: Uint8Array },
  ): void => {
    const bytes = zstdCompressSync(content.bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
    blocks.push({ name, packing, base: content.base, at, bytes: bytes.length })
    packed.push(bytes)
    at += bytes.length
  }
  put('words', 'json', jsonBlock(rows.words))
  put('rest', 'json', jsonBlock(rows.rest))
  for (const name of textColumns) put(name, 'above', { base: 0, bytes: planesOf(rows.codes[name]) })
  for (const name of numberColumns) {
    const { packing, ...content } = packNumbers(rows.numbers[name])
    put(name, packing, content)
  }
  const head = Buffer.from(JSON.stringify({ rows: rows.count, blocks } satisfies Head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(head.length)
  return Buffer.concat([magic, length, head, ...packed])
}

/** Unpacks what `encodeSegment` made. Throws `store_unreadable` for anything else. */
export function decodeSegment(bytes: Buffer): Rows {
  try {
    return decode(bytes)
  } catch (cause) {
    throw new GatehouseError('store_unreadable', 'Cannot read a segment of the query index: it is damaged', { cause })
  }
}

function decode(bytes: Buffer): Rows {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw new RangeError('No segment')
  const blocksAt = headAt + bytes.readUInt32LE(magic.length)
  // Opened from a seal of our own; a wrong shape fails below.
  const head = JSON.parse(bytes.toString('utf8', headAt, blocksAt)) as Head
  const byName = new Map(head.blocks.map((block) => [block.name, block]))
  const take = (name: string): { readonly block: Block; readonly content: Buffer } => {
    const block = byName.get(name)
    if (block === undefined) throw new RangeError(`No block ${name}`)
    const packed = bytes.subarray(blocksAt + block.at, blocksAt + block.at + block.bytes)
    return { block, content: zstdDecompressSync(packed, { maxOutputLength: blockBytesMax }) }
  }
  const texts = (name: string): readonly string[] => JSON.parse(take(name).content.toString()) as readonly string[]
  const rows: Rows = {
    count: head.rows,
    words: texts('words'),
    rest: texts('rest'),
    codes: perName(textColumns, (name) => fromPlanes(take(name).content)),
    numbers: perName(numberColumns, (name) => {
      const { block, content } = take(name)
      return unpackNumbers(block, content)
    }),
  }
  for (const name of textColumns) if (rows.codes[name].length !== rows.count) throw new RangeError(`Short: ${name}`)
  for (const name of numberColumns) if (rows.numbers[name].length !== rows.count) throw new RangeError(`Short: ${name}`)
  return rows
}

function jsonBlock(list: readonly string[]): { readonly base: 0; readonly bytes: Buffer } {
  return { base: 0, bytes: Buffer.from(JSON.stringify(list)) }
}

const absent = 0xffff_ffff

function packNumbers(values: Float64Array): { packing: Packing; base: number; bytes: Uint8Array } {
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

function unpackNumbers({ name, packing, base }: Block, content: Buffer): Float64Array {
  if (packing === 'plain') return new Float64Array(new Uint8Array(content).buffer)
  const values = fromPlanes(content)
  if (packing === 'steps') for (let i = 1; i < values.length; i++) values[i] = (values[i - 1] ?? 0) + (values[i] ?? 0)
  // What is never absent may use the whole width.
  const mayLack = [...absentColumns].some((one) => one === name)
  const numbers = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
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

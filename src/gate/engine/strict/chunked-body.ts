/**
 * The chunked coding (RFC 9112 section 7.1), read as narrowly as it is written: hexadecimal digits, CRLF, nothing in between
 * but extensions, which are dropped like trailers. A size with white space, a line that ends with LF alone and more bytes of
 * extensions or trailers than anyone has a use for are defects.
 */
import { areFieldLines } from './read-head.ts'

/** Where decoded bytes go. */
export type OnBodyBytes = (bytes: Buffer) => void

type State = 'size' | 'data' | 'data-end' | 'trailers' | 'done'

/** Bytes of one size line, its extensions included. */
const lineBytesMax = 256
/** Bytes of all extensions of a body: many small chunks with large extensions would cost far more than they carry. */
const extensionBytesMax = 16_384
const trailerBytesMax = 8_192

const sizeLine = /^([0-9A-Fa-f]{1,8})((?:;[\t\u0020-\u007e\u0080-\u00ff]*)?)$/

export class ChunkedBody {
  #state: State = 'size'
  #line = ''
  #left = 0
  #extensionBytes = 0

  get done(): boolean {
    return this.#state === 'done'
  }

  /** Gives the bytes of chunks in `bytes` from `at` on, and where it stopped: behind the body, or at the end. Text: a defect. */
  feed(bytes: Buffer, at: number, onBytes: OnBodyBytes): number | string {
    let next = at
    while (next < bytes.length && this.#state !== 'done') {
      const stopped = this.#state === 'data' ? this.#data(bytes, next, onBytes) : this.#text(bytes, next)
      if (typeof stopped === 'string') return stopped
      next = stopped
    }
    return next
  }

  #data(bytes: Buffer, at: number, onBytes: OnBodyBytes): number {
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    if (this.#left === 0) this.#state = 'data-end'
    onBytes(bytes.subarray(at, end))
    return end
  }

  /** Everything else is lines: a size, the end behind data, trailers. */
  #text(bytes: Buffer, at: number): number | string {
    const feed = bytes.indexOf(lineFeed, at)
    const end = feed === -1 ? bytes.length : feed + 1
    this.#line += bytes.toString('latin1', at, end)
    const max = this.#state === 'trailers' ? trailerBytesMax : this.#state === 'size' ? lineBytesMax : 2
    if (this.#line.length > max) return `chunked: a line of more than ${max} bytes`
    if (feed === -1) return end
    if (!this.#line.endsWith('\r\n')) return 'chunked: a line ends without CR'
    if (this.#state === 'trailers') return this.#trailers() ?? end
    const line = this.#line.slice(0, -2)
    this.#line = ''
    if (this.#state === 'size') return this.#size(line) ?? end
    if (line !== '') return 'chunked: a chunk is longer than its size'
    this.#state = 'size'
    return end
  }

  #size(line: string): string | null {
    const [, digits, extension = ''] = sizeLine.exec(line) ?? []
    if (digits === undefined) return 'chunked: a size is none'
    this.#extensionBytes += extension.length
    if (this.#extensionBytes > extensionBytesMax) return `chunked: more than ${extensionBytesMax} bytes of extensions`
    this.#left = Number.parseInt(digits, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'data'
    return null
  }

  #trailers(): string | null {
    if (this.#line !== '\r\n' && !this.#line.endsWith('\r\n\r\n')) return null
    if (!areFieldLines(this.#line.slice(0, -2))) return 'chunked: a trailer is none'
    this.#line = ''
    this.#state = 'done'
    return null
  }
}

const lineFeed = 10

/**
 * Reads the answers of one upstream connection, one after the other. What could be read in two ways is no answer: the client
 * behind us must never take a part of one for the next.
 */
import { hopByHop } from '../field-names.ts'
import { isBodiless } from '../last-answer.ts'
import type { ResponseHead } from '../response-head.ts'
import { ChunkedBody } from './chunked-body.ts'
import { areFieldLines, readFieldLines } from './read-head.ts'

/** Told of an answer as it comes in. */
export interface ResponseEvents {
  /** The head of the answer; interim ones (1xx) are dropped. */
  onHead(status: number, head: ResponseHead): void
  /** A part of the body, decoded. */
  onBytes(bytes: Buffer): void
}

type State = 'head' | 'length' | 'chunked' | 'to-the-end' | 'done'

/** Largest head of an answer, interim ones included. */
const headBytesMax = 65_536
const interimMax = 16

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\u0020-\u007e\u0080-\u00ff]*)?$/

export class ResponseReader {
  #state: State = 'done'
  #isHead = false
  #pending: Buffer | null = null
  #left = 0
  #interim = 0
  #chunked: ChunkedBody | null = null
  #keeps = false

  /** The answer is whole. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /** The connection may be used for another request behind this answer. */
  get keeps(): boolean {
    return this.#keeps
  }

  /** Bytes of an answer have come. */
  get begun(): boolean {
    return this.#state !== 'head' || this.#pending !== null || this.#interim > 0
  }

  /** A request went out: its answer is the next. `isHead`: that to HEAD has no body, whatever it says of one. */
  expect(isHead: boolean): void {
    this.#state = 'head'
    this.#isHead = isHead
    this.#pending = null
    this.#interim = 0
    this.#keeps = false
  }

  /** Text: why these bytes are no answer. */
  feed(chunk: Buffer, events: ResponseEvents): string | null {
    let bytes = chunk
    let at = 0
    while (this.#state === 'head') {
      if (this.#pending !== null) {
        bytes = Buffer.concat([this.#pending, bytes])
        this.#pending = null
      }
      const end = this.#head(bytes, at, events)
      if (typeof end === 'string') return end
      if (end === -1) return null
      at = end
    }
    return at < bytes.length ? this.#body(bytes, at, events) : null
  }

  /** The connection has ended. True: that was the end of the answer too. */
  end(): boolean {
    if (this.#state !== 'to-the-end') return false
    this.#state = 'done'
    return true
  }

  /** Where the head ends, -1 where it is not here whole. */
  #head(bytes: Buffer, at: number, events: ResponseEvents): number | string {
    const text = bytes.toString('latin1', at, Math.min(bytes.length, at + headBytesMax))
    const end = text.indexOf('\r\n\r\n')
    if (end === -1) {
      if (text.length >= headBytesMax) return `a head of more than ${headBytesMax} bytes`
      if (!beginsAnswer(text)) return 'the bytes begin no answer'
      if (text.length > 0) this.#pending = Buffer.from(text, 'latin1')
      return -1
    }
    const lineEnd = text.indexOf('\r\n')
    const [, minor, digits] = statusLine.exec(text.slice(0, lineEnd)) ?? []
    const fields = text.slice(lineEnd + 2, end + 2)
    if (digits === undefined) return 'the status line is none'
    if (!areFieldLines(fields)) return 'a field line is none'
    const failure = this.#take(Number(digits), minor === '1', readFieldLines(fields), events)
    return failure ?? at + end + 4
  }

  #take(status: number, isModern: boolean, raw: readonly string[], events: ResponseEvents): string | null {
    if (status === 101) return 'an upgrade that nobody asked for'
    if (status < 200) return ++this.#interim > interimMax ? `more than ${interimMax} interim answers` : null
    const head = readFields(raw)
    if (typeof head === 'string') return head
    if (head.chunked && !isModern) return 'HTTP/1.0 has no Transfer-Encoding'
    this.#keeps = isModern ? !head.closes : head.keeps && !head.closes
    this.#frame(head, this.#isHead || isBodiless(status))
    events.onHead(status, { headers: head.headers, contentLength: head.contentLength })
    return null
  }

  #frame({ chunked, contentLength }: Fields, isBodyless: boolean): void {
    if (isBodyless || contentLength === 0) {
      this.#state = 'done'
    } else if (chunked) {
      this.#state = 'chunked'
      this.#chunked = new ChunkedBody()
    } else if (contentLength === null) {
      this.#state = 'to-the-end'
      this.#keeps = false
    } else {
      this.#state = 'length'
      this.#left = contentLength
    }
  }

  #body(bytes: Buffer, at: number, events: ResponseEvents): string | null {
    switch (this.#state) {
      case 'to-the-end':
        events.onBytes(at === 0 ? bytes : bytes.subarray(at))
        return null
      case 'length': {
        const end = Math.min(bytes.length, at + this.#left)
        this.#left -= end - at
        if (this.#left === 0) this.#state = 'done'
        events.onBytes(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
        return this.#behind(bytes, end)
      }
      case 'chunked': {
        const end = this.#chunked?.feed(bytes, at, (part) => events.onBytes(part)) ?? ''
        if (typeof end === 'string') return end
        if (this.#chunked?.done === true) this.#state = 'done'
        return this.#behind(bytes, end)
      }
      default:
        return this.#behind(bytes, at)
    }
  }

  /** Bytes behind an answer belong to nobody: the answer stands, the connection is not used again. */
  #behind(bytes: Buffer, end: number): null {
    if (end < bytes.length) this.#keeps = false
    return null
  }
}

function beginsAnswer(text: string): boolean {
  const begin = 'HTTP/1.'
  return text.length < begin.length ? begin.startsWith(text) : text.startsWith(begin)
}

interface Fields extends ResponseHead {
  readonly chunked: boolean
  readonly closes: boolean
  readonly keeps: boolean
}

/** The fields that go on, and what the others say of framing and connection. Text: they could be read in two ways. */
function readFields(raw: readonly string[]): Fields | string {
  const headers: string[] = []
  let length: string | null = null
  let coding: string | null = null
  let connection = ''
  for (let i = 0; i < raw.length; i += 2) {
    const name = lowerCase(raw[i] ?? '')
    const value = raw[i + 1] ?? ''
    if (name === 'content-length') {
      if (length !== null) return 'there is more than one Content-Length field'
      length = value
    } else if (name === 'transfer-encoding') {
      coding = coding === null ? value : `${coding},${value}`
    } else if (name === 'connection') {
      connection += `,${value}`
    } else if (!hopByHop.has(name)) {
      headers.push(name, value)
    }
  }
  if (length !== null && coding !== null) return 'there are both Content-Length and Transfer-Encoding'
  if (length !== null && !/^\d{1,15}$/.test(length)) return 'the Content-Length is not a number of bytes'
  if (coding !== null && coding.toLowerCase() !== 'chunked') return 'the only transfer coding is chunked'
  const options = connection === '' ? none : connection.split(',').map((option) => option.trim().toLowerCase())
  return {
    headers:
      options.length === 0 ? headers : headers.filter((_, index) => !options.includes(headers[index & ~1] ?? '')),
    contentLength: length === null ? null : Number(length),
    chunked: coding !== null,
    closes: options.includes('close'),
    keeps: options.includes('keep-alive'),
  }
}

const none: readonly string[] = []

/** Field names in lower case, each made once; bounded, for an upstream may invent any. */
function lowerCase(name: string): string {
  const found = lowered.get(name)
  if (found !== undefined) return found
  const lower = name.toLowerCase()
  if (lowered.size >= loweredMax) lowered.clear()
  lowered.set(name, lower)
  return lower
}

const lowered = new Map<string, string>()
const loweredMax = 2_048

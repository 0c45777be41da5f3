import { hash } from 'node:crypto'
import { type PartWriters, TextWriter } from '../../../core/mod.ts'
import { hmacBlockBytes, hmacOf, type RandomPool } from '../../../crypto/mod.ts'
import type { TextPlace } from '../cut-event.ts'
import {
  publicLengthAt,
  recordBytesMax,
  recordFlags,
  recordMagic,
  recordVersion,
  stampAt,
  stampBytes,
} from '../envelope.ts'
import { paddedBytes, paddingBytes, saltBytes, sealedLayout, tagBytes } from './layout.ts'
import type { SubjectKeys, WorkingKey } from './subject-keys.ts'

/** What stands before the public part in what is authenticated: the first four bytes of the record, and the part's length. */
const headBytes = 4 + 2
const commitMark = 2

/**
 * Seals the records of one log in one thread. Both texts of a record are written where they are hashed and encrypted, through
 * `begin`, and are copied once, into the ring. Encrypt-then-MAC: AES-256-CTR under the subject's key, HMAC-SHA-256 over the
 * log's origin and every byte of the record but the stamp; and a commitment to the text that stays hidden until the salt is
 * told, so that one record can be opened for somebody without any key.
 */
export class RecordSealer implements TextPlace {
  /** 0, or `recordFlags.control` for records about the log itself. */
  flags = 0
  readonly #keys: SubjectKeys
  readonly #random: RandomPool
  /** `inner HMAC block | u16be length of the origin | origin | record without its stamp and tag`. */
  readonly #message = Buffer.alloc(hmacBlockBytes + 2 + 1024 + recordBytesMax)
  readonly #head: number
  /** `0x02 | salt | text | padding`. */
  readonly #text = Buffer.alloc(1 + saltBytes + recordBytesMax)
  /** Views of the text by its padded length, with and without the mark in front: making one costs as much as copying it. */
  readonly #committed: Buffer[] = []
  readonly #encrypted: Buffer[] = []
  readonly #parts: PartWriters
  /** Whose inner block stands in front of the message. */
  #blockOf: WorkingKey | null = null

  constructor(origin: string, keys: SubjectKeys, random: RandomPool) {
    this.#keys = keys
    this.#random = random
    const originBytes = Buffer.from(origin)
    this.#head = hmacBlockBytes + 2 + originBytes.length
    this.#message.writeUInt16BE(originBytes.length, hmacBlockBytes)
    originBytes.copy(this.#message, hmacBlockBytes + 2)
    this.#message[this.#head] = recordMagic
    this.#message[this.#head + 1] = recordVersion
    this.#text[0] = commitMark
    // The public part is bounded by its own field; what is too long shows in the sum of both.
    this.#parts = {
      public: new TextWriter(this.#message.subarray(0, this.#message.length - sealedLayout.ciphertext)),
      sealed: new TextWriter(this.#text.subarray(0, 1 + saltBytes + recordBytesMax - 64)),
    }
  }

  /** Writers for both texts of the next record; an empty sealed text makes a record without a sealed part. */
  begin(charsMax: number): PartWriters {
    const { public: shown, sealed } = this.#parts
    shown.at = this.#publicFrom
    sealed.at = 1 + saltBytes
    shown.charsMax = charsMax
    sealed.charsMax = charsMax
    return this.#parts
  }

  /** Bytes of both texts since `begin`; more than any record holds when they did not fit. */
  get textBytes(): number {
    const { public: shown, sealed } = this.#parts
    return shown.fits && sealed.fits ? this.#publicBytes + this.#sealedBytes : Number.POSITIVE_INFINITY
  }

  /** Writes the record of these texts to a target, without its stamp; returns its length. The caller has seen to the room. */
  write(key: WorkingKey, target: Buffer, offset: number): number {
    if (this.#sealedBytes === 0) return this.writeOpen(target, offset)
    const message = this.#message
    this.#putHead(this.flags | recordFlags.sealed)
    const sealedFrom = this.#parts.public.at
    const end = this.#seal(key, sealedFrom)
    if (this.#blockOf !== key) {
      key.material.key.authentication.inner.copy(message)
      this.#blockOf = key
    }
    const tag = hmacOf(key.material.key.authentication, message.subarray(0, end))
    const recordEnd = this.#copy(target, offset, end)
    target.write(tag, recordEnd, 'latin1')
    return recordEnd + tagBytes - offset
  }

  /** The same for a record without a sealed part. */
  writeOpen(target: Buffer, offset: number): number {
    this.#putHead(this.flags)
    return this.#copy(target, offset, this.#parts.public.at) - offset
  }

  get #publicFrom(): number {
    return this.#head + headBytes
  }

  get #publicBytes(): number {
    return this.#parts.public.at - this.#publicFrom
  }

  get #sealedBytes(): number {
    return this.#parts.sealed.at - 1 - saltBytes
  }

  #putHead(flags: number): void {
    const message = this.#message
    message[this.#head + 2] = flags
    message[this.#head + 4] = this.#publicBytes >>> 8
    message[this.#head + 5] = this.#publicBytes & 0xff
  }

  /** Writes the sealed part but for its tag behind the public one; returns its end. */
  #seal(key: WorkingKey, from: number): number {
    const message = this.#message
    const text = this.#text
    const padded = paddedBytes(this.#sealedBytes)
    this.#random.copy(text, 1, saltBytes)
    text[this.#parts.sealed.at] = 0x80
    text.fill(0, this.#parts.sealed.at + 1, 1 + saltBytes + padded)
    this.#keys.nameTo(key, message, from + sealedLayout.name)
    key.prefix.copy(message, from + sealedLayout.iv)
    message.writeUInt32BE(key.stream.block, from + sealedLayout.iv + key.prefix.length)
    message.write(hash('sha256', this.#committedView(padded), 'binary'), from + sealedLayout.commitment, 'latin1')
    const ciphertext = key.stream.encrypt(this.#encryptedView(padded))
    message.writeUInt16BE(ciphertext.length, from + sealedLayout.length)
    ciphertext.copy(message, from + sealedLayout.ciphertext)
    return from + sealedLayout.ciphertext + ciphertext.length
  }

  /** Copies the record around the place of its stamp; returns the end in the target. */
  #copy(target: Buffer, offset: number, end: number): number {
    const message = this.#message
    const head = this.#head
    for (let i = 0; i < stampAt; i++) target[offset + i] = message[head + i] ?? 0
    message.copy(target, offset + publicLengthAt, head + stampAt, end)
    return offset + stampBytes + end - head
  }

  #committedView(padded: number): Buffer {
    return (this.#committed[padded / paddingBytes] ??= this.#text.subarray(0, 1 + saltBytes + padded))
  }

  #encryptedView(padded: number): Buffer {
    return (this.#encrypted[padded / paddingBytes] ??= this.#text.subarray(1, 1 + saltBytes + padded))
  }
}

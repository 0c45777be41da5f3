import { randomBytes } from 'node:crypto'
import {
  type BlockCipher,
  ctrBlocksMax,
  ctrPrefixBytes,
  CtrStream,
  openBlockCipher,
  type RandomPool,
  wrapKey,
} from '../../../crypto/mod.ts'
import { type DataKey, openDataKey } from './data-key.ts'
import { encodeRow, type RowId, rowIdText } from './key-rows.ts'
import { RecentMap } from './recent-map.ts'
import type { RootKeys } from './root-keys.ts'

/** What one thread makes data keys with. */
export interface KeyMaker {
  readonly root: RootKeys
  /** `start * 256 + ring`: no other thread of any start has this one. */
  readonly maker: number
  /** A number that was never given before by this maker, also not to a thread that had its place and died. */
  nextCount(): number
}

/** A key at work in one thread: the data key, its stream, and names for the records to come. */
export interface WorkingKey {
  readonly material: KeyMaterial
  readonly stream: CtrStream
  readonly prefix: Buffer
  /** Encrypted names, 16 bytes each, of which `namesUsed` are spent: no two records of one key look related. */
  names: Buffer
  namesUsed: number
}

/** A data key as this thread made it. */
export interface KeyMaterial {
  readonly id: RowId
  readonly month: number
  readonly key: DataKey
  /** The row, until it is in the ring: before any record that needs it. */
  unwrittenRow: Buffer | null
}

/** Working keys hold a cipher each, about 2 KB. */
const workingMax = 10_000
/** Kept beyond that, so that a key which is not at work is not made anew. */
const materialsMax = 100_000
const nameBytes = 16
const namesMax = 64
const blocksMarginMax = 4096
/** The clock may be set back so far without a new set of keys. */
const backMsMax = 3_600_000

/**
 * The data keys of one thread: one for each subject and month (UTC), made at its first record. Destroying a row of the key
 * store, and forgetting it here, makes the records of one subject in one month unreadable for good.
 */
export class SubjectKeys {
  readonly #maker: KeyMaker
  readonly #names: BlockCipher
  readonly #random: RandomPool
  readonly #working = new RecentMap<string, WorkingKey>(workingMax)
  readonly #materials = new RecentMap<string, KeyMaterial>(materialsMax)
  #month = 0
  #fromMs = Number.POSITIVE_INFINITY
  #toMs = 0

  constructor(maker: KeyMaker, random: RandomPool) {
    this.#maker = maker
    this.#names = openBlockCipher(maker.root.naming)
    this.#random = random
  }

  /** The key for a subject's record at this wall time. */
  take(subject: string, atMs: number): WorkingKey {
    if (atMs >= this.#toMs || atMs < this.#fromMs - backMsMax) this.#turn(atMs)
    const found = this.#working.get(subject)
    if (found !== undefined && found.stream.block < ctrBlocksMax - blocksMarginMax) return found
    const made = this.#workWith(this.#materials.get(subject) ?? this.#make(subject))
    this.#working.set(subject, made)
    return made
  }

  /** The encrypted name of a key for one record, written to a target. */
  nameTo(key: WorkingKey, target: Buffer, offset: number): void {
    if (key.namesUsed * nameBytes === key.names.length) {
      // A key that is used much is given more names at once: one call then costs what sixteen bytes do.
      key.names = this.#encryptNames(key.material.id, Math.min(Math.max(1, key.namesUsed * 2), namesMax))
      key.namesUsed = 0
    }
    key.names.copy(target, offset, key.namesUsed * nameBytes, (key.namesUsed + 1) * nameBytes)
    key.namesUsed++
  }

  /** Drops these keys with all that was derived from them; says how many there were. Their subjects get new ones. */
  forget(rowIds: ReadonlySet<string>): number {
    const isOne = ({ id }: KeyMaterial): boolean => rowIds.has(rowIdText(id))
    this.#working.deleteWhere(({ material }) => isOne(material))
    return this.#materials.deleteWhere(isOne)
  }

  #turn(atMs: number): void {
    const date = new Date(atMs)
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
    this.#month = year * 100 + month + 1
    this.#fromMs = Date.UTC(year, month)
    this.#toMs = Date.UTC(year, month + 1)
    this.#working.clear()
    this.#materials.clear()
  }

  #make(subject: string): KeyMaterial {
    const secret = randomBytes(32)
    const id = { maker: this.#maker.maker, count: this.#maker.nextCount() }
    const wrapped = wrapKey(this.#maker.root.wrapping, secret)
    const row = encodeRow({ ...id, month: this.#month, wrapped, subject })
    const material = { id, month: this.#month, key: openDataKey(secret), unwrittenRow: row }
    secret.fill(0)
    this.#materials.set(subject, material)
    return material
  }

  #workWith(material: KeyMaterial): WorkingKey {
    const prefix = Buffer.alloc(ctrPrefixBytes)
    this.#random.copy(prefix, 0, ctrPrefixBytes)
    const stream = new CtrStream(material.key.encryption, prefix)
    return { material, stream, prefix, names: noNames, namesUsed: 0 }
  }

  #encryptNames({ maker, count }: RowId, names: number): Buffer {
    const blocks = Buffer.alloc(names * nameBytes)
    for (let at = 0; at < blocks.length; at += nameBytes) {
      blocks.writeUInt32BE(maker, at)
      blocks.writeUInt32BE(count, at + 4)
      this.#random.copy(blocks, at + 8, 8)
    }
    return this.#names.encrypt(blocks)
  }
}

const noNames = Buffer.alloc(0)

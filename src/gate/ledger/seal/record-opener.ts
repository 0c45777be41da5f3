import { hash, timingSafeEqual } from 'node:crypto'
import { GatehouseError, messageOf } from '../../../core/mod.ts'
import { CtrReader, hmacBlockBytes, hmacOf, openBlockCipher } from '../../../crypto/mod.ts'
import { parseRecord, type SealedPart } from '../../../tlog/mod.ts'
import { publicLengthAt, recordBytesMax, stampAt } from '../envelope.ts'
import type { LedgerLog } from '../logs.ts'
import type { DataKey } from './data-key.ts'
import { type RowId, rowIdText } from './key-rows.ts'
import type { KeyStore } from './key-store.ts'
import { paddedBytes, saltBytes, tagBytes } from './layout.ts'
import { RecentMap } from './recent-map.ts'
import type { RootKeys } from './root-keys.ts'

/** Both texts of a record. */
export interface OpenedRecord {
  readonly publicPart: Uint8Array
  /** Null where the record has no sealed part, or its key is not in the store. */
  readonly sealedPart: Uint8Array | null
  /** True when there is a sealed part that nobody can read any more, or not with this store. */
  readonly isKeyGone: boolean
}

/** Opens sealed records for those who hold the root key and the key store: readers and recovery. */
export interface RecordOpener {
  /**
   * Checks and decrypts one record. Throws `ledger_corrupt` for a record that was not written as it is: a MAC, a commitment
   * or a padding that is wrong.
   */
  open(log: LedgerLog, record: Uint8Array): OpenedRecord
  /** Drops these keys; says how many it had. */
  forget(rowIds: ReadonlySet<string>): number
}

export interface RecordOpenerOptions {
  readonly root: RootKeys
  readonly store: KeyStore
  readonly originOf: (log: LedgerLog) => string
}

const keysMax = 10_000
const commitMark = 2

/** A key at work for reading. */
interface ReadingKey {
  readonly id: RowId
  readonly key: DataKey
  readonly reader: CtrReader
}

export function createRecordOpener({ root, store, originOf }: RecordOpenerOptions): RecordOpener {
  const names = openBlockCipher(root.naming)
  const keys = new RecentMap<string, ReadingKey>(keysMax)
  const keyOf = (keyTag: Uint8Array): ReadingKey | null => {
    const name = names.decrypt(keyTag)
    const id = { maker: name.readUInt32BE(0), count: name.readUInt32BE(4) }
    const text = name.toString('latin1', 0, 8)
    const known = keys.get(text)
    if (known !== undefined) return known
    const key = store.find(id)
    if (key === null) return null
    const found = { id, key, reader: new CtrReader(key.encryption) }
    keys.set(text, found)
    return found
  }
  return {
    open: (log, record) => {
      const { publicPart, sealed, sequence } = parse(log, record)
      if (sealed === null) return { publicPart, sealedPart: null, isKeyGone: false }
      const found = keyOf(sealed.keyTag)
      if (found === null) return { publicPart, sealedPart: null, isKeyGone: true }
      if (!timingSafeEqual(tagOf(record, found.key, originOf(log)), sealed.mac))
        throw forged(log, sequence, 'its MAC does not match')
      const sealedPart = plaintextOf(sealed, found.reader)
      if (typeof sealedPart === 'string') throw forged(log, sequence, sealedPart)
      return { publicPart, sealedPart, isKeyGone: false }
    },
    forget: (rowIds) => keys.deleteWhere(({ id }) => rowIds.has(rowIdText(id))),
  }
}

function parse(log: LedgerLog, record: Uint8Array): ReturnType<typeof parseRecord> {
  try {
    return parseRecord(record)
  } catch (cause) {
    throw new GatehouseError('ledger_corrupt', `Cannot read a record of the ${log} log: ${messageOf(cause)}`, { cause })
  }
}

const message = Buffer.alloc(hmacBlockBytes + 2 + 1024 + 2 * recordBytesMax)
const committed = Buffer.alloc(1 + 2 * recordBytesMax)

/** What the MAC of a record must be. */
function tagOf(record: Uint8Array, { authentication }: DataKey, origin: string): Buffer {
  authentication.inner.copy(message)
  const originBytes = message.write(origin, hmacBlockBytes + 2, 'utf8')
  message.writeUInt16BE(originBytes, hmacBlockBytes)
  const from = hmacBlockBytes + 2 + originBytes
  message.set(record.subarray(0, stampAt), from)
  message.set(record.subarray(publicLengthAt, record.length - tagBytes), from + stampAt)
  const end = from + stampAt + record.length - tagBytes - publicLengthAt
  return Buffer.from(hmacOf(authentication, message.subarray(0, end)), 'latin1')
}

/** The text of a sealed part, or what is wrong with it. */
function plaintextOf(sealed: SealedPart, reader: CtrReader): Uint8Array | string {
  const text = reader.decrypt(sealed.iv, sealed.ciphertext)
  committed[0] = commitMark
  text.copy(committed, 1)
  const commitment = Buffer.from(hash('sha256', committed.subarray(0, 1 + text.length), 'binary'), 'latin1')
  if (!timingSafeEqual(commitment, sealed.commitment)) return 'its commitment does not match'
  let end = text.length - 1
  while (end > saltBytes && text[end] === 0) end--
  const isPadded = text[end] === 0x80 && end >= saltBytes && saltBytes + paddedBytes(end - saltBytes) === text.length
  return isPadded ? text.subarray(saltBytes, end) : 'it is not padded'
}

function forged(log: LedgerLog, sequence: number, why: string): GatehouseError {
  return new GatehouseError('ledger_corrupt', `Cannot trust record ${sequence} of the ${log} log: ${why}`)
}

import { hash, timingSafeEqual } from 'node:crypto'
import { GatehouseError, messageOf } from '../../../core/mod.ts'
import { decryptCtr, hmacBlockBytes, hmacOf, openBlockCipher } from '../../../crypto/mod.ts'
import { parseRecord, type SealedPart, unpadPlaintext } from '../../../tlog/mod.ts'
import { publicLengthAt, recordBytesMax, stampAt } from '../envelope.ts'
import type { LedgerLog } from '../logs.ts'
import type { DataKey } from './data-key.ts'
import { type RowId, rowIdText } from './key-rows.ts'
import type { KeyStore } from './key-store.ts'
import { saltBytes, tagBytes } from './layout.ts'
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
const commitMark = Buffer.of(2)

export function createRecordOpener({ root, store, originOf }: RecordOpenerOptions): RecordOpener {
  const names = openBlockCipher(root.naming)
  const keys = new RecentMap<string, { readonly id: RowId; readonly key: DataKey }>(keysMax)
  const keyOf = (keyTag: Uint8Array): DataKey | null => {
    const name = names.decrypt(keyTag)
    const id = { maker: name.readUInt32BE(0), count: name.readUInt32BE(4) }
    const text = name.toString('latin1', 0, 8)
    const known = keys.get(text)
    if (known !== undefined) return known.key
    const key = store.find(id)
    if (key !== null) keys.set(text, { id, key })
    return key
  }
  return {
    open: (log, record) => {
      const { publicPart, sealed, sequence } = parse(log, record)
      if (sealed === null) return { publicPart, sealedPart: null, isKeyGone: false }
      const key = keyOf(sealed.keyTag)
      if (key === null) return { publicPart, sealedPart: null, isKeyGone: true }
      const why = faultOf(record, { key, origin: originOf(log), mac: sealed.mac })
      if (why !== null) throw forged(log, sequence, why)
      return {
        publicPart,
        sealedPart: plaintextOf(sealed, key, (fault) => forged(log, sequence, fault)),
        isKeyGone: false,
      }
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

function faultOf(
  record: Uint8Array,
  { key, origin, mac }: { readonly key: DataKey; readonly origin: string; readonly mac: Uint8Array },
): string | null {
  key.authentication.inner.copy(message)
  const originBytes = message.write(origin, hmacBlockBytes + 2, 'utf8')
  message.writeUInt16BE(originBytes, hmacBlockBytes)
  const from = hmacBlockBytes + 2 + originBytes
  message.set(record.subarray(0, stampAt), from)
  message.set(record.subarray(publicLengthAt, record.length - tagBytes), from + stampAt)
  const end = from + stampAt + record.length - tagBytes - publicLengthAt
  const tag = Buffer.from(hmacOf(key.authentication, message.subarray(0, end)), 'latin1')
  return timingSafeEqual(tag, mac) ? null : 'its MAC does not match'
}

function plaintextOf(sealed: SealedPart, key: DataKey, fault: (why: string) => Error): Uint8Array {
  const text = decryptCtr(key.encryption, sealed.iv, sealed.ciphertext)
  const commitment = hash('sha256', Buffer.concat([commitMark, text]), 'buffer')
  if (!timingSafeEqual(commitment, sealed.commitment)) throw fault('its commitment does not match')
  try {
    return unpadPlaintext(text.subarray(saltBytes))
  } catch (error) {
    throw fault(messageOf(error))
  }
}

function forged(log: LedgerLog, sequence: number, why: string): GatehouseError {
  return new GatehouseError('ledger_corrupt', `Cannot trust record ${sequence} of the ${log} log: ${why}`)
}

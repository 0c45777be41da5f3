import { createSecretKey, type KeyObject } from 'node:crypto'
import { deriveKey, type HmacKey, openHmacKey } from '../../../crypto/mod.ts'

/** A data key, taken apart into what it is used for. Deriving it takes longer than sealing ten records, so it is kept. */
export interface DataKey {
  readonly encryption: KeyObject
  readonly authentication: HmacKey
}

/** `secret` is the 32-byte data key. */
export function openDataKey(secret: Uint8Array): DataKey {
  return {
    encryption: createSecretKey(deriveKey(secret, 'gatehouse/ledger/v1/enc')),
    authentication: openHmacKey(deriveKey(secret, 'gatehouse/ledger/v1/mac')),
  }
}

import { deriveKey } from '../../../crypto/mod.ts'

/** What the root key gives to the ledger, each key for one purpose. Goes to the gateway threads of the same process. */
export interface RootKeys {
  /** Wraps the data keys. */
  readonly wrapping: Uint8Array
  /** Hides in each record which data key it is sealed with. */
  readonly naming: Uint8Array
  /** Shows that a key store belongs to this root; of no other use, it stands in the open. */
  readonly proof: Uint8Array
}

/** `root` is 32 random bytes: who has them and the key store can read every record. */
export function deriveRootKeys(root: Uint8Array): RootKeys {
  return {
    wrapping: deriveKey(root, 'gatehouse/ledger/v1/kek'),
    naming: deriveKey(root, 'gatehouse/ledger/v1/kid'),
    proof: deriveKey(root, 'gatehouse/ledger/v1/proof'),
  }
}

import { openAtRest, type Sealer } from '../../../crypto/mod.ts'

/** A sealer under a root key that everybody knows: for stores that tests open twice. */
export const sampleSealer: Sealer = openAtRest(new Uint8Array(32).fill(9)).sealer('control')

/** The cryptography of one sealed record and nothing else, in a tight loop: what no ledger of this format can do without. */
import { createCipheriv, createSecretKey, hash, randomBytes } from 'node:crypto'

/** Lengths of the record that is meant. */
export interface PrimitiveSizes {
  /** Bytes of the whole record, which the leaf hash is taken over. */
  readonly recordBytes: number
  /** Bytes of the ciphertext, which is also what the commitment is taken over. */
  readonly cipherBytes: number
}

/** CPU time in nanoseconds per record. */
export interface PrimitiveCost {
  readonly ctrNs: number
  readonly macNs: number
  readonly commitNs: number
  readonly keyIdNs: number
  readonly leafNs: number
  /** All five of one record, one behind the other. */
  readonly allNs: number
}

/** Measures each by itself and all together: thread CPU time for each, process CPU time, garbage collection included, for all. */
export function measurePrimitives({ recordBytes, cipherBytes }: PrimitiveSizes, rounds: number): PrimitiveCost {
  const cipher = createCipheriv('aes-256-ctr', createSecretKey(randomBytes(32)), randomBytes(16))
  const naming = createCipheriv('aes-256-ecb', createSecretKey(randomBytes(32)), null).setAutoPadding(false)
  const record = randomBytes(recordBytes)
  const plain = record.subarray(0, cipherBytes)
  const commitment = randomBytes(1 + cipherBytes)
  const innerBlock = randomBytes(64 + recordBytes - 16 - 32) // everything but stamp and tag
  const outerBlock = randomBytes(64 + 32)
  const keyId = record.subarray(0, 16)
  const steps = {
    ctr: () => cipher.update(plain),
    mac: () => {
      outerBlock.write(hash('sha256', innerBlock, 'binary'), 64, 'latin1')
      return hash('sha256', outerBlock, 'binary')
    },
    commit: () => hash('sha256', commitment, 'binary'),
    keyId: () => naming.update(keyId),
    leaf: () => hash('sha256', record, 'binary'),
  }
  const threadNs = (step: () => unknown): number => {
    const cpu = process.threadCpuUsage()
    for (let i = 0; i < rounds; i++) step()
    const { user, system } = process.threadCpuUsage(cpu)
    return ((user + system) * 1000) / rounds
  }
  const all = (): void => {
    steps.ctr()
    steps.mac()
    steps.commit()
    steps.keyId()
    steps.leaf()
  }
  const cpu = process.cpuUsage()
  for (let i = 0; i < rounds; i++) all()
  const { user, system } = process.cpuUsage(cpu)
  return {
    ctrNs: threadNs(steps.ctr),
    macNs: threadNs(steps.mac),
    commitNs: threadNs(steps.commit),
    keyIdNs: threadNs(steps.keyId),
    leafNs: threadNs(steps.leaf),
    allNs: ((user + system) * 1000) / rounds,
  }
}

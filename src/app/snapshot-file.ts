import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GatehouseError, hasCode, type Snapshot, type SnapshotChange } from '../core/mod.ts'
import { type Sealer, writeFileAtomic } from '../crypto/mod.ts'

/**
 * The last good snapshot on disk (0600, sealed), from which the gate starts when there is no desk. It holds key hashes, not keys.
 * Whoever can write this file decides who gets in: it lies in the data folder, which only its owner may enter.
 */
export interface SnapshotFile {
  read(): Snapshot | null
  /** Durable when resolved; concurrent calls share a write that contains the newest. */
  write(snapshot: Snapshot): Promise<void>
}

export function openSnapshotFile(dataDir: string, sealer: Sealer): SnapshotFile {
  const path = join(dataDir, fileName)
  let newest: Snapshot | null = null
  let writing: Promise<void> | null = null
  const flush = async (): Promise<void> => {
    await Promise.resolve() // the caller of `write` may still replace `newest` in this turn
    try {
      while (newest !== null) {
        const text = JSON.stringify(newest)
        newest = null
        writeFileAtomic(path, sealer.seal(Buffer.from(text), fileName), 0o600)
      }
    } finally {
      writing = null // a failed write fails its callers, and none after them
    }
  }
  return {
    read: () => readSnapshot(path, sealer),
    write: (snapshot) => {
      newest = snapshot
      return (writing ??= flush())
    },
  }
}

const fileName = 'snapshot'

function readSnapshot(path: string, sealer: Sealer): Snapshot | null {
  try {
    // Written from a Snapshot, in a folder that only we may write.
    return JSON.parse(sealer.open(readFileSync(path), fileName).toString('utf8')) as Snapshot
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null
    throw new GatehouseError(
      'snapshot_unreadable',
      `Cannot read the last good rules in ${path}: remove the file to start from the configuration alone`,
      { cause },
    )
  }
}

/** The snapshot with the change applied; parts that the change does not name stay. */
export function applyChange(snapshot: Snapshot, change: SnapshotChange): Snapshot {
  return {
    revision: change.revision,
    policy: change.policy ?? snapshot.policy,
    consumers: merged(snapshot.consumers, change.consumers),
    credentials: merged(snapshot.credentials, change.credentials),
    networks: change.networks ?? snapshot.networks,
  }
}

function merged<T extends { readonly id: string }>(old: readonly T[], changed: readonly T[]): readonly T[] {
  if (changed.length === 0) return old
  const byId = new Map(old.map((one) => [one.id, one]))
  for (const one of changed) byId.set(one.id, one)
  return [...byId.values()]
}

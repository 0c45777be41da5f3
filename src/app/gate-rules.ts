import type { Policy, Snapshot, SnapshotChange } from '../core/mod.ts'
import { applyChange, type SnapshotFile } from './snapshot-file.ts'
import type { ThreadPool } from './thread-pool.ts'

/** The rules that the gate works by, on disk before any thread works by them. */
export interface GateRules {
  snapshot(): Snapshot
  /** Resolves when a desk has brought its rules for the first time. */
  readonly received: Promise<void>
  /** API and route of an index in the in-flight table, for the record of a request whose thread died. */
  routeOf(index: number): { readonly api: string; readonly route: string } | null
  /** From now on changes go to these threads too. */
  attach(pool: ThreadPool): void
  /** True when every gateway thread works by it; at once where none runs yet. */
  replace(snapshot: Snapshot): Promise<boolean>
  change(change: SnapshotChange): Promise<boolean>
}

export interface GateRulesOptions {
  readonly file: SnapshotFile
  /** Of the configuration, where there are no rules yet. */
  readonly policy: Policy
  /** Called with the policy of every new revision, before a thread works by it. */
  readonly onPolicy: (policy: Policy, revision: number) => void
}

/** Begins with the last good rules on disk, else with the configuration alone, which knows no keys yet. */
export function createGateRules({ file, policy, onPolicy }: GateRulesOptions): GateRules {
  let current: Snapshot = file.read() ?? { revision: 0, policy, consumers: [], credentials: [] }
  let pool: ThreadPool | null = null
  const { promise: received, resolve: receive } = Promise.withResolvers<void>()
  const work = async (next: Snapshot, rules: { snapshot: Snapshot } | { change: SnapshotChange }): Promise<boolean> => {
    current = next
    await file.write(next)
    onPolicy(next.policy, next.revision)
    receive()
    return pool === null || (await pool.apply(rules))
  }
  return {
    snapshot: () => current,
    received,
    routeOf: (index) => {
      const found = current.policy.apis.flatMap((api) =>
        api.routes.map((route) => ({ api: api.name, route: route.id })),
      )[index]
      return found ?? null
    },
    attach: (threads) => {
      pool = threads
    },
    replace: (snapshot) => work(snapshot, { snapshot }),
    change: (change) => work(applyChange(current, change), { change }),
  }
}

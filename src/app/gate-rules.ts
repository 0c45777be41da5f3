import { messageOf, type Policy, type Snapshot, type SnapshotChange } from '../core/mod.ts'
import { applyChange, type SnapshotFile } from './snapshot-file.ts'
import type { ProcessLog } from './process-log.ts'
import type { ThreadPool } from './thread-pool.ts'

/** The rules that the gate works by, on disk before any thread works by them. */
export interface GateRules {
  snapshot(): Snapshot
  /** Resolves when a desk has brought its rules for the first time. */
  readonly received: Promise<void>
  /** API and route of an index in the in-flight table, for the record of a request whose thread died. */
  routeOf(index: number): { readonly api: string; readonly route: string } | null
  /** The threads that changes go to; before there are any, changes wait for them. */
  attach(pool: Pick<ThreadPool, 'apply'>): void
  /** True when every gateway thread works by it and it is on disk, so that it holds after a crash too. */
  replace(snapshot: Snapshot): Promise<boolean>
  change(change: SnapshotChange): Promise<boolean>
}

export interface GateRulesOptions {
  readonly file: SnapshotFile
  /** Of the configuration, where there are no rules yet. */
  readonly policy: Policy
  /** Called with the policy of every new revision, before a thread works by it. */
  readonly onPolicy: (policy: Policy, revision: number) => void
  readonly log: ProcessLog
}

/** Begins with the last good rules on disk, else with the configuration alone, which knows no keys yet. */
export function createGateRules({ file, policy, onPolicy, log }: GateRulesOptions): GateRules {
  let current: Snapshot = file.read() ?? { revision: 0, policy, consumers: [], credentials: [], networks: [] }
  const { promise: attached, resolve: attach } = Promise.withResolvers<Pick<ThreadPool, 'apply'>>()
  const { promise: received, resolve: receive } = Promise.withResolvers<void>()
  const work = async (next: Snapshot, rules: { snapshot: Snapshot } | { change: SnapshotChange }): Promise<boolean> => {
    current = next
    const written = await file.write(next).then(
      () => true,
      (error: unknown) => {
        // A key that was revoked is refused now, whatever the disk does.
        log.error('The rules are not on disk: after a crash without a desk the old ones would hold', {
          why: messageOf(error),
        })
        return false
      },
    )
    onPolicy(next.policy, next.revision)
    receive()
    const pool = await attached
    return (await pool.apply(rules)) && written
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
    attach,
    replace: (snapshot) => work(snapshot, { snapshot }),
    change: (change) => work(applyChange(current, change), { change }),
  }
}

import { createHash } from 'node:crypto'
import { type AuditEvent, type AuditKind, type Clock, messageOf, type Policy } from '../core/mod.ts'
import { createRequestIds } from '../crypto/mod.ts'
import type { ProcessLog } from './process-log.ts'

export interface GateAuditParts {
  /** Resolves when the event is durable. */
  readonly append: (event: AuditEvent) => Promise<void>
  readonly clock: Clock
  readonly log: ProcessLog
}

/** What the gate tells the audit log of itself. */
export interface GateAudit {
  /** Resolves when it is durable, or when the failure was reported: a ledger that fails ends the gate anyway. */
  tell(kind: AuditKind, details: AuditEvent['details']): Promise<void>
  /** Tells of a policy that differs from the one before. The desk says what changed; this says by what the gate went, and when. */
  policy(policy: Policy, revision: number): Promise<void>
}

export function createGateAudit({ append, clock, log }: GateAuditParts): GateAudit {
  const ids = createRequestIds({ nowMs: () => clock.wallMs() })
  let known: string | null = null
  const tell: GateAudit['tell'] = async (kind, details) => {
    try {
      await append({ kind, atMs: clock.wallMs(), actor: 'gate', details: { id: ids.requestId(), ...details } })
    } catch (error) {
      log.error('The audit log could not be told', { kind, why: messageOf(error) })
    }
  }
  return {
    tell,
    policy: async (policy, revision) => {
      const policySha256 = policyDigest(policy)
      if (policySha256 === known) return
      known = policySha256
      await tell('config.revision', { revision, policySha256 })
    },
  }
}

/** Of the policy's JSON, as the snapshot file has it. */
export function policyDigest(policy: Policy): string {
  return createHash('sha256').update(JSON.stringify(policy)).digest('hex')
}

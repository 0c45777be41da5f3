import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GatehouseError, hasCode, type LedgerLog, ledgerLogs, messageOf } from '../core/mod.ts'
import { sha256, writeFileAtomic } from '../crypto/mod.ts'
import type { Figure, WitnessesDoor } from '../desk/admin/mod.ts'
import { parseWitnessPolicy, type WitnessPolicy } from '../tlog/mod.ts'
import { openCosigner, type WitnessStanding } from '../witness/mod.ts'
import type { DeskBase } from './desk-rooms.ts'
import { every } from './every.ts'

/** What having the logs cosigned brings. */
export interface DeskWitness {
  readonly doors: { readonly witnesses: WitnessesDoor }
  readonly figures: () => readonly Figure[]
}

const answerMsMax = 10_000

/** Shows the newest checkpoints to the witnesses of the configuration. Throws `config_invalid` for a policy that is none. */
export function openDeskWitness({ config, dataDir, ledger, outbound, control, stack, log }: DeskBase): DeskWitness {
  const { policy: text, everyMs } = config.witness
  const dir = join(dataDir, 'cosigned')
  const cosigned = (of: LedgerLog): string | null => fileOrNull(join(dir, of))
  if (text === null) return { doors: { witnesses: { standings: () => [], cosigned } }, figures: () => [] }
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const cosigner = openCosigner({
    logs: ledgerLogs,
    policy: policyOf(text),
    read: (of, path) => ledger.ledgerFile(logOf(of), path),
    post: (url, body) => outbound.request({ url, method: 'POST', body, named: 'operator', deadlineMs: answerMsMax }),
    keep: (of, note) => writeFileAtomic(join(dir, of), note, 0o600),
    onDisagreement: async ({ log: of, witness, state, why, size }) => {
      log.warn('A witness has seen another history of a log', { log: of, witness, state, why: why ?? '' })
      const details = { log: of, witness, state, size, why: why ?? '' }
      await control.documents.write([], [{ kind: 'ledger.disputed', details }], 'desk')
    },
  })
  every(everyMs, stack, () => cosigner.round())
  return {
    doors: { witnesses: { standings: () => cosigner.standings(), cosigned } },
    figures: () => figuresOf(cosigner.standings()),
  }
}

function policyOf(text: string): WitnessPolicy {
  try {
    return parseWitnessPolicy(sha256, text)
  } catch (cause) {
    throw new GatehouseError('config_invalid', `Cannot use 'witness.policy': ${messageOf(cause)}\n`, { cause })
  }
}

function logOf(name: string): LedgerLog {
  return name === 'audit' ? 'audit' : 'access'
}

function fileOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  }
}

function figuresOf(standings: readonly WitnessStanding[]): readonly Figure[] {
  const each = (value: (standing: WitnessStanding) => number | null): Figure['samples'] =>
    standings.flatMap((standing) => {
      const found = value(standing)
      return found === null ? [] : [{ labels: { log: standing.log, witness: standing.witness }, value: found }]
    })
  return [
    {
      type: 'gauge',
      name: 'gatehouse_witness_up',
      help: 'Whether the last asking of a witness ended with its cosignature.',
      samples: each(({ state }) => (state === 'cosigned' ? 1 : 0)),
    },
    {
      type: 'gauge',
      name: 'gatehouse_witness_cosigned_records',
      help: 'Records of a log that a witness has cosigned.',
      samples: each(({ size }) => size),
    },
    {
      type: 'gauge',
      name: 'gatehouse_witness_cosigned_timestamp_seconds',
      help: 'When a witness cosigned last, by its clock.',
      samples: each(({ cosignedAtMs }) => (cosignedAtMs === null ? null : cosignedAtMs / 1000)),
    },
  ]
}

import { messageOf } from '../core/mod.ts'
import { encodeUtf8, formatSignatureLine, type PolicyWitness, type WitnessPolicy } from '../tlog/mod.ts'
import { askWitness, type Cosigned, type CosignTask } from './cosign.ts'

/** How one witness stands to one log. */
export interface WitnessStanding {
  readonly log: string
  readonly witness: string
  readonly state: Cosigned['kind'] | 'waiting'
  /** Records that it has cosigned; 0 for none since the start. */
  readonly size: number
  /** By the clock of the witness; null before the first. */
  readonly cosignedAtMs: number | null
  readonly why: string | null
}

export interface CosignerOptions {
  readonly logs: readonly string[]
  readonly policy: WitnessPolicy
  readonly read: (log: string, path: string) => Promise<Uint8Array | null>
  readonly post: CosignTask['post']
  /** Keeps a checkpoint that has its quorum, with all cosignatures. */
  readonly keep: (log: string, note: Uint8Array) => void
  /** Told once when a witness begins to say something that cannot be of this log. */
  readonly onDisagreement: (standing: WitnessStanding) => Promise<void>
}

/** Has the checkpoints of some logs cosigned. Nothing waits for it: neither records nor checkpoints. */
export interface Cosigner {
  /** One asking of every witness for every log; never rejects. */
  round(): Promise<void>
  standings(): readonly WitnessStanding[]
}

/** Opens it; nobody is asked before the first round. */
export function openCosigner(options: CosignerOptions): Cosigner {
  const { logs, policy } = options
  const asked = policy.witnesses.filter(({ url }) => url !== null)
  const standings = new Map<string, WitnessStanding>()
  for (const log of logs)
    for (const { name } of asked)
      standings.set(`${log} ${name}`, { log, witness: name, state: 'waiting', size: 0, cosignedAtMs: null, why: null })
  return {
    round: async () => {
      for (const log of logs) await roundOf(log, { options, asked, standings }).catch(() => {})
    },
    standings: () => [...standings.values()],
  }
}

interface Parts {
  readonly options: CosignerOptions
  readonly asked: readonly PolicyWitness[]
  readonly standings: Map<string, WitnessStanding>
}

async function roundOf(log: string, { options, asked, standings }: Parts): Promise<void> {
  const note = await options.read(log, 'checkpoint')
  if (note === null) return
  const answers = await Promise.all(
    asked.map(async (witness) => {
      const place = `${log} ${witness.name}`
      const before = standings.get(place)
      const answer = await ask(log, { note, witness, oldSize: before?.size ?? 0 }, options)
      const now = standingAfter(before, { log, witness: witness.name, answer })
      standings.set(place, now)
      const isNews = now.state !== before?.state && (now.state === 'ahead' || now.state === 'disagrees')
      if (isNews) await options.onDisagreement(now).catch(() => {})
      return { witness, answer }
    }),
  )
  const cosigned = answers.flatMap(({ witness, answer }) =>
    answer.kind === 'cosigned' ? [{ key: witness.key, line: answer.line }] : [],
  )
  if (cosigned.length === 0 || !options.policy.satisfied(cosigned.map(({ key }) => key))) return
  const lines = cosigned.map(({ line }) => formatSignatureLine(line)).join('')
  options.keep(log, Buffer.concat([note, encodeUtf8(lines)]))
}

async function ask(
  log: string,
  task: Pick<CosignTask, 'note' | 'witness' | 'oldSize'>,
  { read, post }: CosignerOptions,
): Promise<Cosigned> {
  try {
    return await askWitness({ ...task, read: async (path) => await read(log, path), post })
  } catch (error) {
    return { kind: 'failed', why: messageOf(error) }
  }
}

function standingAfter(
  before: WitnessStanding | undefined,
  { log, witness, answer }: { readonly log: string; readonly witness: string; readonly answer: Cosigned },
): WitnessStanding {
  if (answer.kind === 'cosigned')
    return { log, witness, state: 'cosigned', size: answer.size, cosignedAtMs: answer.timeSeconds * 1000, why: null }
  return {
    log,
    witness,
    state: answer.kind,
    size: before?.size ?? 0,
    cosignedAtMs: before?.cosignedAtMs ?? null,
    why: answer.why,
  }
}

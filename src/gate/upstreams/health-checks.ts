import type { Api, Clock, HealthRules, Policy, Upstream } from '../../core/mod.ts'
import type { DownByApi } from './upstreams.ts'

/** Asks an upstream once: its status, or why there is none. Settles within the time-out; never rejects. */
export type Probe = (upstream: Upstream, rules: HealthRules) => Promise<number | string>

export interface HealthChecksOptions {
  readonly probe: Probe
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** 0 to 1; spreads the questions in time. */
  readonly random: () => number
  /** Called when an upstream is left out or comes back. */
  readonly onChange: (down: DownByApi) => void
  /** One sentence for the process log, with the facts. */
  readonly onTurn: (turn: { readonly api: string; readonly url: string; readonly why: string | null }) => void
}

/** Asks all upstreams with a health check how they are: in one place for all threads, each as often as its API says. */
export interface HealthChecks {
  configure(policy: Pick<Policy, 'apis'>): void
  /** To be called about ten times a second: asks whom it is time to ask. */
  tick(): void
  readonly down: DownByApi
}

/** Questions under way at one time. */
const probesMax = 32

interface Checked {
  readonly api: string
  readonly upstream: Upstream
  readonly rules: HealthRules
  dueMs: number
  isAsked: boolean
  /** Answers in a row that speak against the present state. */
  against: number
  why: string | null
}

export function createHealthChecks(options: HealthChecksOptions): HealthChecks {
  const { probe, clock, random, onChange, onTurn } = options
  let checked = new Map<string, Checked>()
  let asking = 0
  const told = (): DownByApi => downOf(checked.values())
  const ask = async (one: Checked): Promise<void> => {
    one.isAsked = true
    asking++
    const answer = await probe(one.upstream, one.rules)
    asking--
    one.isAsked = false
    one.dueMs = clock.monotonicMs() + one.rules.everyMs * (0.9 + 0.2 * random())
    if (checked.get(keyOf(one)) !== one || !takes(one, answer)) return
    onTurn({ api: one.api, url: one.upstream.url, why: one.why })
    onChange(told())
  }
  return {
    configure: ({ apis }) => {
      const before = checked
      checked = new Map()
      for (const one of apis.flatMap((api) => checksOf(api, clock.monotonicMs(), random))) {
        const known = before.get(keyOf(one))
        const isSame = known !== undefined && JSON.stringify(known.rules) === JSON.stringify(one.rules)
        checked.set(keyOf(one), isSame ? known : one)
      }
      onChange(told())
    },
    tick: () => {
      const nowMs = clock.monotonicMs()
      for (const one of checked.values()) {
        if (asking >= probesMax) return
        if (!one.isAsked && nowMs >= one.dueMs) void ask(one)
      }
    },
    get down() {
      return told()
    },
  }
}

/** Not all at once, and the first within one period. */
function checksOf(api: Api, nowMs: number, random: () => number): Checked[] {
  const rules = api.pool?.health ?? null
  if (rules === null) return []
  return api.upstreams.map((upstream) => ({
    api: api.name,
    upstream,
    rules,
    dueMs: nowMs + Math.min(rules.everyMs, firstMsMax) * random(),
    isAsked: false,
    against: 0,
    why: null,
  }))
}

const firstMsMax = 1_000

/** True where this answer turns the state. */
function takes(one: Checked, answer: number | string): boolean {
  const { expect, healthyAfter, unhealthyAfter } = one.rules
  const isGood = typeof answer === 'number' && answer >= expect.from && answer <= expect.to
  if (isGood === (one.why === null)) {
    one.against = 0
    return false
  }
  one.against++
  if (one.against < (isGood ? healthyAfter : unhealthyAfter)) return false
  one.against = 0
  one.why = isGood ? null : `health check: ${typeof answer === 'number' ? `status ${answer}` : answer}`
  return true
}

function downOf(checked: Iterable<Checked>): DownByApi {
  const down: Record<string, Record<string, string>> = {}
  for (const { api, upstream, why } of checked) if (why !== null) (down[api] ??= {})[upstream.url] = why
  return down
}

function keyOf({ api, upstream }: Checked): string {
  return `${api} ${upstream.url} ${JSON.stringify(upstream.tls)}`
}

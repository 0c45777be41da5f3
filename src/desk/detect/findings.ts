import type { Finding, FindingActor, FindingBaseline } from '../../core/mod.ts'
import { type Bound } from './detector.ts'
import type { Burst, Episode } from './bursts.ts'
import type { Rule } from './rules.ts'

/** What the finding of an episode is made of. */
export interface Found {
  readonly rule: Rule
  readonly actor: FindingActor
  readonly burst: Burst
  readonly episode: Episode
  readonly bound: Bound
  readonly note?: string
  /** @default the rule's */
  readonly severity?: Finding['severity']
}

/** An episode as a finding; its id is that of rule, group and first record, so that it stays while the episode grows. */
export function findingOf(found: Found, tag: (text: string) => string): Finding {
  const { rule, actor, burst, episode, bound } = found
  const [api, route] = routeOf(episode.route)
  const whole = `${rule.id}\n${actor.kind}\n${actor.group}`
  return {
    id: tag(`finding\n${whole}\n${episode.firstSeq}`),
    fingerprint: tag(`fingerprint\n${whole}\n${episode.route ?? ''}`),
    rule: { id: rule.id, version: rule.version },
    title: rule.title,
    severity: found.severity ?? rule.severity,
    actor,
    api,
    route,
    firstSeenMs: episode.firstSeenMs,
    lastSeenMs: episode.lastSeenMs,
    count: episode.count,
    baseline: observed(burst, bound),
    evidence: episode.evidence.toSorted((a, b) => a.seq - b.seq),
    tags: rule.tags,
    action: rule.action,
    note: found.note ?? '',
  }
}

function observed({ entries }: Burst, { limit, windowMs }: Bound): FindingBaseline {
  return { expected: limit, observed: entries.length, windowMs, p: null }
}

/** `orders POST /v1/login` → API and route. */
export function routeOf(text: string | null): readonly [string | null, string | null] {
  if (text === null || text === '') return [null, null]
  const space = text.indexOf(' ')
  return [text.slice(0, space), text.slice(space + 1)]
}

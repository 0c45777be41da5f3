import { shortDigest } from './digest.ts'
import { agentFamilyOf, networkOf } from './kin.ts'
import type { CheckResult, Difference, Differences, Item, Sample, SampledRecord } from './results.ts'

/**
 * What has to be decided: each row of a weighty check, each other check that found something, each difference in who calls and
 * how much, the other differences by their kind, and each sampled record. What was not found needs no decision.
 */
export function itemsOf(found: {
  readonly checks: readonly CheckResult[]
  readonly differences: Differences
  readonly sample: Sample
}): Item[] {
  return [
    ...found.checks.flatMap(itemsOfCheck),
    ...itemsOfDifferences(found.differences),
    ...found.sample.records.map(itemOfRecord),
  ]
}

const textCharsMax = 600
/** Things that an item of many names. */
const namedMax = 8

function itemsOfCheck(check: CheckResult): Item[] {
  if (check.hits === 0) return []
  const of = (id: string, parts: Partial<Item>): Item => ({
    id,
    kind: 'check',
    severity: check.severity,
    title: check.title,
    text: '',
    fingerprint: id,
    places: [],
    actor: '',
    ...parts,
  })
  if (check.severity === 'low') {
    const named = check.rows.slice(0, namedMax).map(({ text, count }) => `${text} (${count})`)
    const more = check.found > named.length ? `; and ${check.found - named.length} more` : ''
    return [of(`check-${check.id}`, { text: cut(named.join('; ') + more), places: check.rows[0]?.places ?? [] })]
  }
  const rows = check.rows.map(({ key, text, count, places, actor = '' }) =>
    of(`check-${check.id}-${shortDigest(key)}`, { text: cut(`${text} (${count})`), places, actor }),
  )
  const beyond = check.found - check.rows.length
  return beyond > 0
    ? [...rows, of(`check-${check.id}-more`, { text: `${beyond} more that are not listed one by one` })]
    : rows
}

function itemsOfDifferences({ entries, beyond }: Differences): Item[] {
  const alone = entries.filter(isAlone)
  const groups = Map.groupBy(
    entries.filter((entry) => !isAlone(entry)),
    ({ dimension, change }) => `${dimension}-${change}`,
  )
  return [
    ...alone.map((entry) =>
      difference(`${entry.dimension}-${entry.change}-${shortDigest(entry.key)}`, {
        text: cut(entry.text),
        severity: isCaller(entry) ? 'high' : 'low',
        places: entry.places,
      }),
    ),
    ...[...groups].map(([name, members]) =>
      difference(name, {
        text: cut(
          members
            .slice(0, namedMax)
            .map(({ text }) => text)
            .join('; ') + (members.length > namedMax ? `; and ${members.length - namedMax} more` : ''),
        ),
        severity: 'low',
        places: members[0]?.places ?? [],
      }),
    ),
    ...(beyond > 0
      ? [
          difference('more', {
            text: `${beyond} more differences that weigh less`,
            severity: 'low',
            places: [],
          }),
        ]
      : []),
  ]
}

function difference(name: string, parts: Pick<Item, 'text' | 'severity' | 'places'>): Item {
  const id = `difference-${name}`
  return { id, kind: 'difference', title: 'Different from the period before', fingerprint: id, actor: '', ...parts }
}

/** Who may call now and could not before: decided one by one, as is every change of how much. */
function isAlone(entry: Difference): boolean {
  return isCaller(entry) || entry.dimension === 'volume' || entry.dimension === 'errors'
}

function isCaller({ dimension, change }: Difference): boolean {
  return (dimension === 'consumer' || dimension === 'credential') && change === 'new'
}

function itemOfRecord(record: SampledRecord): Item {
  const { stratum, seq, method, path, status, outcome, reason, consumer, clientIp, userAgent } = record
  const isPrivileged = stratum === 'privileged'
  const id = `sample-${seq}`
  const kin = [stratum, method, record.route, status, reason, consumer, networkOf(clientIp), agentFamilyOf(userAgent)]
  const end = outcome === 'served' ? String(status) : `${status} ${outcome}${reason === '' ? '' : ` (${reason})`}`
  return {
    id,
    kind: 'sample',
    severity: isPrivileged ? 'high' : 'low',
    title: `Sampled record, ${stratum}`,
    text: cut(`${method} ${path} → ${end}, ${consumer === '' ? 'nobody identified' : consumer}, from ${clientIp}`),
    fingerprint: isPrivileged ? id : `sample-${shortDigest(kin.join('\n'))}`,
    places: [{ log: 'access', seq }],
    actor: '',
  }
}

function cut(text: string): string {
  return text.length > textCharsMax ? `${text.slice(0, textCharsMax - 1).toWellFormed()}…` : text
}

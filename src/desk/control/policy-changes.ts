import type { Policy, Told } from '../../core/mod.ts'

/** Most differences that a record lists; of more their number is told. */
const listedMax = 50
const valueCharsMax = 120

/** What the audit log is told of a new policy: each setting that differs, with its values before and after. */
export function policyChanges(before: Policy | null, after: Policy): Told {
  if (before === null)
    return { kind: 'policy.changed', details: { first: true, apis: after.apis.map(({ name }) => name) } }
  const [old, now] = [settingsOf(before), settingsOf(after)]
  const paths = [...new Set([...old.keys(), ...now.keys()])].filter((path) => old.get(path) !== now.get(path))
  const changes = paths.slice(0, listedMax).map((path) => `${path}: ${shown(old.get(path))} → ${shown(now.get(path))}`)
  return { kind: 'policy.changed', details: { changes, changesTotal: paths.length } }
}

/** Every single value under its path, as JSON. */
function settingsOf(policy: Policy): Map<string, string> {
  const settings = new Map<string, string>()
  const walk = (path: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) return void settings.set(path, JSON.stringify(value))
    for (const [at, member] of Object.entries(value))
      walk(`${path === '' ? '' : `${path}.`}${nameOf(member) ?? at}`, member)
  }
  walk('', policy)
  return settings
}

/** APIs, limits and routes go by their names, so that one that is put in between moves no other. */
function nameOf(member: unknown): string | null {
  if (typeof member !== 'object' || member === null) return null
  const name = 'name' in member ? member.name : 'id' in member ? member.id : null
  return typeof name === 'string' ? name : null
}

function shown(value: string | undefined): string {
  if (value === undefined) return 'none'
  return value.length > valueCharsMax ? `${value.slice(0, valueCharsMax)}…` : value
}

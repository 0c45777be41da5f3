import { TlogError } from './errors.ts'
import type { Sha256 } from './merkle.ts'
import { parseDecimal, quote } from './text.ts'
import { parseVerifierKey, type VerifierKey } from './verifier-key.ts'

/** A witness that a policy names. */
export interface PolicyWitness {
  readonly name: string
  readonly key: VerifierKey
  /** Prefix of its addresses; null for one whose cosignatures come by another way. */
  readonly url: string | null
}

/** Whose cosignatures make a checkpoint one that is believed (c2sp.org/tlog-policy). */
export interface WitnessPolicy {
  /** Keys of logs that the policy names. */
  readonly logs: readonly VerifierKey[]
  readonly witnesses: readonly PolicyWitness[]
  /** Whether these keys are enough; one that is given twice counts once. */
  satisfied(by: readonly VerifierKey[]): boolean
}

/** Most lines with a meaning, and most members of a group. */
export const policyLinesMax = 256

type Rule = (signed: ReadonlySet<string>) => boolean

interface Reading {
  readonly hash: Sha256
  readonly logs: VerifierKey[]
  readonly witnesses: PolicyWitness[]
  /** By name, in the order in which they are defined: a group names only what stands before it. */
  readonly rules: Map<string, Rule>
  quorum: Rule | null
}

const keyText = ({ name, keyId }: VerifierKey): string => `${keyId} ${name}`
const keywords: ReadonlySet<string> = new Set(['none', 'all', 'any'])

/** Parses a policy; throws `malformed` with the number of the line. One key may stand for one witness only. */
export function parseWitnessPolicy(hash: Sha256, text: string): WitnessPolicy {
  const reading: Reading = { hash, logs: [], witnesses: [], rules: new Map(), quorum: null }
  const lines = text.split('\n')
  let count = 0
  for (const [at, line] of lines.entries()) {
    const words = line
      .replace(/#.*$/su, '')
      .split(/[ \t\r]+/u)
      .filter((word) => word !== '')
    if (words.length === 0) continue
    if (++count > policyLinesMax) throw new TlogError('malformed', `A policy has at most ${policyLinesMax} lines`)
    readLine(reading, words, at + 1)
  }
  const { logs, witnesses, quorum } = reading
  if (quorum === null) throw new TlogError('malformed', 'The policy defines no quorum: add a line `quorum none`')
  return { logs, witnesses, satisfied: (by) => quorum(new Set(by.map(keyText))) }
}

function readLine(reading: Reading, words: readonly string[], line: number): void {
  const fail = (why: string): TlogError => new TlogError('malformed', `Line ${line} of the policy: ${why}`)
  const [kind = '', ...rest] = words
  if (kind === 'log') readLog(reading, rest, fail)
  else if (kind === 'witness') readWitness(reading, rest, fail)
  else if (kind === 'group') readGroup(reading, rest, fail)
  else if (kind === 'quorum') readQuorum(reading, rest, fail)
  else throw fail(`${quote(kind)} is none of log, witness, group, quorum`)
}

type Fail = (why: string) => TlogError

function readLog({ hash, logs }: Reading, [key, url, ...more]: readonly string[], fail: Fail): void {
  if (key === undefined || more.length > 0) throw fail('a log has a vkey, and perhaps a URL')
  if (url !== undefined) assertUrl(url, fail)
  logs.push(parseVerifierKey(hash, key))
}

function readWitness(reading: Reading, [name = '', text, url, ...more]: readonly string[], fail: Fail): void {
  const { hash, witnesses } = reading
  if (text === undefined || more.length > 0) throw fail('a witness has a name, a vkey, and perhaps a URL')
  const key = parseVerifierKey(hash, text)
  if (witnesses.some((one) => keyText(one.key) === keyText(key)))
    throw fail(`the key of ${quote(name)} is another witness's already`)
  if (url !== undefined) assertUrl(url, fail)
  define(reading, { name, rule: (signed) => signed.has(keyText(key)) }, fail)
  witnesses.push({ name, key, url: url ?? null })
}

function readGroup(reading: Reading, [name = '', threshold = '', ...members]: readonly string[], fail: Fail): void {
  if (members.length === 0) throw fail('a group has a name, a threshold, and members')
  if (new Set(members).size !== members.length) throw fail(`${quote(name)} names a member twice`)
  const rules = members.map((member) => ruleOf(reading, member, fail))
  const least = thresholdOf(threshold, members.length, fail)
  define(reading, { name, rule: (signed) => rules.filter((rule) => rule(signed)).length >= least }, fail)
}

function readQuorum(reading: Reading, [name, ...more]: readonly string[], fail: Fail): void {
  if (name === undefined || more.length > 0) throw fail('a quorum has one name')
  if (reading.quorum !== null) throw fail('there is a quorum already')
  reading.quorum = name === 'none' ? () => true : ruleOf(reading, name, fail)
}

function thresholdOf(text: string, members: number, fail: Fail): number {
  if (text === 'all') return members
  if (text === 'any') return 1
  const least = /^[1-9]\d{0,5}$/u.test(text) ? parseDecimal(text) : 0
  if (least < 1 || least > members) throw fail(`the threshold ${quote(text)} is none of any, all, 1 to ${members}`)
  return least
}

function define({ rules }: Reading, { name, rule }: { name: string; rule: Rule }, fail: Fail): void {
  if (keywords.has(name)) throw fail(`${quote(name)} is a word of its own and no name`)
  if (rules.has(name)) throw fail(`there are two of the name ${quote(name)}`)
  rules.set(name, rule)
}

function ruleOf({ rules }: Reading, name: string, fail: Fail): Rule {
  const rule = rules.get(name)
  if (rule === undefined) throw fail(`no line before it defines ${quote(name)}`)
  return rule
}

function assertUrl(text: string, fail: Fail): void {
  if (!/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/u.test(text)) throw fail(`${quote(text)} is no http:// or https:// URL`)
}

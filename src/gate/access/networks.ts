import { type ApiNetworks, GatehouseError, type NetworkRule, refusal, type Refusal } from '../../core/mod.ts'
import { type AddressWords, addressWords, createAddressReader } from './address-words.ts'
import { createPrefixTable, type PrefixTable } from './prefix-table.ts'

/**
 * Rules about networks, compiled. The longest network that holds the client decides; of one and the same, `allow` goes before
 * `block`. A rule whose time is over is as if it were not there, from that millisecond on.
 */
export interface NetworkTable {
  /** What it was made of, to tell whether there is anything new. */
  readonly rules: readonly NetworkRule[]
  /** The rule that blocks the address; null for none, and for what is no address. */
  blocking(address: string, nowMs: number): NetworkRule | null
}

/** Throws `invalid_argument` for a rule whose network is none. */
export function compileNetworks(rules: readonly NetworkRule[]): NetworkTable {
  if (rules.length === 0) return { rules, blocking: () => null }
  const families = createFamilies<NetworkRule[]>()
  for (const rule of rules) families.at(rule.cidr, () => []).push(rule)
  return {
    rules,
    blocking: (address, nowMs) => {
      const decides = families.visit(address, (held) => rulingOf(held, nowMs))
      return decides?.verdict === 'block' ? decides : null
    },
  }
}

/** The rule that holds now, an `allow` first. */
function rulingOf(rules: readonly NetworkRule[], nowMs: number): NetworkRule | null {
  let found: NetworkRule | null = null
  for (const rule of rules) {
    if (rule.expiresAtMs !== null && nowMs >= rule.expiresAtMs) continue
    if (rule.verdict === 'allow') return rule
    found ??= rule
  }
  return found
}

/** The lists of one API, compiled; says why a client is refused, null when it is not. */
export type ApiNetworkCheck = (address: string) => string | null

/** Throws `invalid_argument` for what is no network. */
export function compileApiNetworks({ allow, deny }: ApiNetworks): ApiNetworkCheck {
  if (allow.length + deny.length === 0) return () => null
  const families = createFamilies<{ allows: boolean; cidr: string }>()
  for (const cidr of deny) families.at(cidr, () => ({ allows: false, cidr }))
  for (const cidr of allow) families.at(cidr, () => ({ allows: true, cidr })).allows = true
  return (address) => {
    const found = families.visit(address, (value) => value)
    if (found === null) return allow.length === 0 ? null : 'not in networks.allow of the API'
    return found.allows ? null : `in ${found.cidr} of networks.deny of the API`
  }
}

/** Says no more than that: whoever is blocked learns neither why, nor by what, nor until when. */
export function networkBlocked(note: string): Refusal {
  return refusal('network_blocked', 'This request is not allowed', { note })
}

/** For the record: which rule, and how long it holds. */
export function blockedBy({ id, cidr, expiresAtMs, reason }: NetworkRule): Refusal {
  const until = expiresAtMs === null ? '' : ` until ${new Date(expiresAtMs).toISOString()}`
  return networkBlocked(`${cidr} is blocked${until} (${id})${reason === '' ? '' : `: ${reason}`}`)
}

interface Families<T> {
  at(cidr: string, create: () => T): T
  visit<R>(address: string, take: (value: T) => R | null): R | null
}

function createFamilies<T>(): Families<T> {
  const read = createAddressReader()
  const tables: Readonly<Record<'ipv4' | 'ipv6', PrefixTable<T>>> = {
    ipv4: createPrefixTable(),
    ipv6: createPrefixTable(),
  }
  const tableFor = (words: AddressWords): PrefixTable<T> => (words.length === 1 ? tables.ipv4 : tables.ipv6)
  return {
    at: (cidr, create) => {
      const { words, bits } = parsed(cidr)
      return tableFor(words).at(words, bits, create)
    },
    visit: (address, take) => {
      const words = read(address)
      return words === null ? null : tableFor(words).visit(words, take)
    },
  }
}

function parsed(cidr: string): { readonly words: AddressWords; readonly bits: number } {
  const [text = '', length] = cidr.split('/')
  const words = addressWords(text)
  const isMapped = words?.length === 1 && text.includes(':')
  const whole = words?.length === 1 ? 32 : 128
  const bits = length === undefined ? whole : Number(length) - (isMapped ? 96 : 0)
  if (words === null || !Number.isInteger(bits) || bits < 0 || bits > whole)
    throw new GatehouseError('invalid_argument', `Cannot read the network '${cidr}': write it as 203.0.113.0/28`)
  return { words, bits }
}

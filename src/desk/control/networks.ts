import ipaddr from 'ipaddr.js'
import { type Clock, GatehouseError, type NetworkRule, networkRulesMax } from '../../core/mod.ts'
import type { Actor, Draft } from './changer.ts'
import type { Mint } from './drafts.ts'
import { expiresInMsMax } from './rules.ts'
import type { State } from './state.ts'

/** What a person wants of a network of callers. */
export interface NetworkWish {
  /** An address or a CIDR. */
  readonly network: string
  readonly verdict: NetworkRule['verdict']
  /** How long; null: until it is released. @default an hour for a block, no end for an exception from one */
  readonly expiresInMs?: number | null | undefined
  /** Why, for the audit log and for whoever finds the rule. @default '' */
  readonly reason?: string | undefined
  /** Blocks also what would shut out this machine, the one who asks, or a good part of the world. @default false */
  readonly force?: boolean | undefined
  /** Addresses of whoever asks. @default none are known */
  readonly own?: readonly string[] | undefined
}

/** How long a block lasts of which nobody says how long. */
export const blockMsDefault: number = 60 * 60 * 1000

/** Longest reason. */
export const reasonCharsMax = 200

/** A new rule, in the place of one of the same kind for the same network. */
export function draftNetwork(wish: NetworkWish, { mint, state, by }: NetworkParts): Draft<NetworkRule> {
  const nowMs = mint.clock.wallMs()
  const { cidr, range } = readNetwork(wish.network)
  const { verdict, reason = '', force = false, own = [] } = wish
  checkReason(reason)
  const expiresInMs = wish.expiresInMs === undefined ? (verdict === 'block' ? blockMsDefault : null) : wish.expiresInMs
  if (expiresInMs !== null) checkTime(expiresInMs)
  const held = liveNetworks(state.networks, mint.clock)
  if (verdict === 'block') checkBlock({ cidr, range, held, force, own })
  const [before] = held.filter((rule) => rule.cidr === cidr && rule.verdict === verdict)
  const others = held.filter((rule) => rule !== before)
  if (others.length >= networkRulesMax)
    throw conflict(
      `Cannot ${verdict} ${cidr}: there are ${networkRulesMax} rules about networks, the most there may be`,
    )
  const rule: NetworkRule = {
    id: `net_${mint.mintId().slice(-idDigits)}`,
    cidr,
    verdict,
    reason,
    createdAtMs: nowMs,
    expiresAtMs: expiresInMs === null ? null : nowMs + expiresInMs,
    by,
  }
  const details = {
    ...namesOf(rule),
    ...(rule.expiresAtMs === null ? {} : { untilMs: rule.expiresAtMs }),
    ...(before === undefined ? {} : { replaces: before.id }),
  }
  const kind = verdict === 'block' ? 'network.blocked' : 'network.allowed'
  return { made: rule, networks: [...others, rule], told: [{ kind, details }] }
}

/** What rules about networks are made with. */
export interface NetworkParts {
  readonly mint: Pick<Mint, 'clock' | 'mintId'>
  readonly state: State
  readonly by: Actor
}

const idDigits = 12

/** Takes rules away: one by its id, or all that there are for a network. */
export function draftRelease(which: string, { mint, state }: NetworkParts): Draft<readonly NetworkRule[]> {
  const held = liveNetworks(state.networks, mint.clock)
  const cidr = which.startsWith('net_') ? null : readNetwork(which).cidr
  const released = held.filter((rule) => (cidr === null ? rule.id === which : rule.cidr === cidr))
  if (released.length === 0)
    throw new GatehouseError(
      'not_found',
      `There is no rule ${cidr === null ? '' : 'for '}${JSON.stringify(cidr ?? which)}`,
    )
  return {
    made: released,
    networks: held.filter((rule) => !released.includes(rule)),
    told: released.map((rule) => ({ kind: 'network.released', details: { ...namesOf(rule), verdict: rule.verdict } })),
  }
}

/** Those that hold now, in the order in which they were made. */
export function liveNetworks(rules: readonly NetworkRule[], clock: Clock): readonly NetworkRule[] {
  const nowMs = clock.wallMs()
  return rules.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs)
}

function namesOf({ id, cidr, reason }: NetworkRule): { rule: string; network: string; reason?: string } {
  return { rule: id, network: cidr, ...(reason === '' ? {} : { reason }) }
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** An address or a CIDR in the one way in which networks are written. Throws `invalid_argument`, naming the value. */
function readNetwork(text: string): { readonly cidr: string; readonly range: Range } {
  const range = rangeOf(text)
  if (range === null)
    throw invalid(
      `Cannot use ${JSON.stringify(text.slice(0, 80))} as a network: write it as 203.0.113.7 or 203.0.113.0/28`,
    )
  const [address, bits] = range
  const parser = address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  const base = parser.networkAddressFromCIDR(`${address.toString()}/${bits}`)
  return { cidr: `${base.toString()}/${bits}`, range: [base, bits] }
}

/** IPv4 in IPv6 clothes is IPv4. */
function rangeOf(text: string): Range | null {
  const [address = '', length, ...more] = text.trim().split('/')
  const isAddress =
    ipaddr.IPv4.isValidFourPartDecimal(address) || (ipaddr.IPv6.isValid(address) && !address.includes('%'))
  if (!isAddress || more.length > 0) return null
  const written = ipaddr.parse(address)
  const whole = written.kind() === 'ipv4' ? 32 : 128
  const bits = length === undefined ? whole : /^\d{1,3}$/.test(length) ? Number(length) : Infinity
  if (bits > whole) return null
  if (!(written instanceof ipaddr.IPv6) || !written.isIPv4MappedAddress()) return [written, bits]
  return bits < mappedBits ? null : [written.toIPv4Address(), bits - mappedBits]
}

const mappedBits = 96

interface BlockWish {
  readonly cidr: string
  readonly range: Range
  readonly held: readonly NetworkRule[]
  readonly force: boolean
  readonly own: readonly string[]
}

/** So many bits of a network are the least that is not a good part of the world. */
const bitsMin = { ipv4: 8, ipv6: 16 } as const
const loopback = ['127.0.0.1', '::1']

/** A block that does not block is refused always, one that shuts out the wrong ones unless it is meant. */
function checkBlock({ cidr, range, held, force, own }: BlockWish): void {
  const exception = held.find((rule) => rule.cidr === cidr && rule.verdict === 'allow')
  if (exception !== undefined)
    throw conflict(
      `Cannot block ${cidr}: ${exception.id} allows it, which goes first. Release that: gatehouse unblock ${exception.id}`,
    )
  if (force) return
  const refuse = (why: string): never => {
    throw conflict(`Cannot block ${cidr}: ${why}. If it is meant, say so: --force (over the API: force)`)
  }
  const [base, bits] = range
  const local = loopback.find((address) => holds(range, address))
  if (local !== undefined) refuse(`it holds the loopback address ${local}, from which this machine itself calls`)
  const mine = own.find((address) => holds(range, address))
  if (mine !== undefined) refuse(`it holds ${mine}, from which you ask`)
  const least = bitsMin[base.kind()]
  if (bits < least) refuse(`it is wider than /${least}`)
}

function holds([base, bits]: Range, address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return parsed.kind() === base.kind() && parsed.match(base, bits)
}

function checkReason(reason: string): void {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (reason.length <= reasonCharsMax && !/[\u0000-\u001f\u007f-\u009f]/.test(reason)) return
  throw invalid(`Cannot take a reason of ${reason.length} characters: it is one line of at most ${reasonCharsMax}`)
}

function checkTime(expiresInMs: number): void {
  if (Number.isSafeInteger(expiresInMs) && expiresInMs > 0 && expiresInMs <= expiresInMsMax) return
  throw invalid(`Cannot let a rule end in ${expiresInMs} ms: it takes a whole number from 1 to ${expiresInMsMax}`)
}

function invalid(message: string): GatehouseError {
  return new GatehouseError('invalid_argument', message)
}

function conflict(message: string): GatehouseError {
  return new GatehouseError('conflict', message)
}

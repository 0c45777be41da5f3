import ipaddr from 'ipaddr.js'
import { GatehouseError, type Headers, headerValues, type Peer } from '../../core/mod.ts'
import type { ClientOf } from './exchange.ts'

/** Whose word about the client is believed. */
export interface TrustedHops {
  /** True for the address of a hop whose forwarding fields are believed. */
  trusts(address: string): boolean
  readonly clientOf: ClientOf
}

/**
 * Compiles CIDRs (or single addresses) into the rule that names the client of a request: the addresses in `X-Forwarded-For`
 * are walked from the right as long as the one who said so is trusted; the first that is not is the client. What cannot be
 * read ends the walk at the last address that could. `Forwarded` (RFC 7239) is read where there is no `X-Forwarded-For`, so a
 * trusted hop must write or remove `X-Forwarded-For`, as nearly all do.
 *
 * Throws `invalid_argument` for something that is neither CIDR nor address.
 */
export function createTrustedHops(cidrs: readonly string[]): TrustedHops {
  if (cidrs.length === 0) return { trusts: () => false, clientOf: direct }
  const ranges = cidrs.map(parseRange)
  const known = new Map<string, boolean>()
  const trusts = (address: string): boolean => {
    const found = known.get(address)
    if (found !== undefined) return found
    const trusted = isWithin(address, ranges)
    if (known.size >= addressesMax) known.clear()
    known.set(address, trusted)
    return trusted
  }
  const clientOf: ClientOf = (address, port, headers) => {
    if (!trusts(address)) return direct(address, port, headers)
    let clientIp = address
    let trustedHop: string | null = null
    for (const named of chainOf(headers).toReversed()) {
      const ip = addressOf(named)
      if (ip === null) break
      trustedHop = clientIp
      clientIp = ip
      if (!trusts(ip)) break
    }
    return { address, port, clientIp, trustedHop }
  }
  return { trusts, clientOf }
}

const direct: ClientOf = (address, port): Peer => ({ address, port, clientIp: address, trustedHop: null })

const addressesMax = 4096

/** The address as it is written everywhere: IPv4 in IPv6 clothes is IPv4, without zone. */
export function plainAddress(address: string): string {
  const text = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
  const zone = text.indexOf('%')
  return zone === -1 ? text : text.slice(0, zone)
}

/** What connections are counted by: an IPv4 address or an IPv6 /64, of which a single customer owns all. */
export function addressGroup(address: string): string {
  if (!address.includes(':') || !ipaddr.IPv6.isValid(address)) return address
  return ipaddr.IPv6.parse(address).parts.slice(0, 4).join(':')
}

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

function parseRange(cidr: string): Range {
  try {
    if (cidr.includes('/')) return ipaddr.parseCIDR(cidr)
    const address = ipaddr.parse(cidr)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  } catch (cause) {
    throw new GatehouseError('invalid_argument', `Cannot read trusted hop '${cidr}': not a CIDR`, { cause })
  }
}

function isWithin(address: string, ranges: readonly Range[]): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return ranges.some(([range, bits]) => parsed.kind() === range.kind() && parsed.match(range, bits))
}

/** The addresses that the hops have written down, oldest first. */
function chainOf(headers: Headers): string[] {
  const listed = headerValues(headers, 'x-forwarded-for')
  if (listed.length > 0) return listed.join(',').split(',')
  return headerValues(headers, 'forwarded').join(',').split(',').map(forOf)
}

/** The `for` parameter of one element of `Forwarded`; a quoted comma breaks the element, which then cannot be read. */
function forOf(element: string): string {
  const [, quoted, token] = /(?:^|;)\s*for=(?:"([^"\\]*)"|([^\s;,"]+))\s*(?:;|$)/i.exec(element) ?? []
  return quoted ?? token ?? ''
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`; null for `unknown`, `_hidden` and everything else. */
function addressOf(written: string): string | null {
  const text = written.trim()
  const [, bracketed] = /^\[([0-9a-f:.]+)\](?::\d{1,5})?$/i.exec(text) ?? []
  const [, dotted] = /^(\d+\.\d+\.\d+\.\d+)(?::\d{1,5})?$/.exec(text) ?? []
  const address = bracketed ?? dotted ?? text
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return address
  if (!ipaddr.IPv6.isValid(address) || address.includes('%')) return null
  return ipaddr.process(address).toString()
}

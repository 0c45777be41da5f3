import ipaddr from 'ipaddr.js'
import { ipv4Number } from '../../core/mod.ts'

/** The part of an address that limits count by. */
export type Network =
  /** An IPv4 address, or an IPv6 /64: 64 bits in two words; an IPv4 address stands in `high`. */
  | { readonly kind: 'ipv4' | 'ipv6'; readonly high: number; readonly low: number }
  /** Something that is no address: counted as it is written. */
  | { readonly kind: 'other'; readonly text: string }

/** Reads addresses; remembers IPv6 networks, which are slow to read, but not more than `rememberedMax`. */
export function createNetworks(): (ip: string) => Network {
  const remembered = new Map<string, Network>()
  return (ip) => {
    const ipv4 = readIpv4(ip)
    if (ipv4 !== null) return ipv4
    const known = remembered.get(ip)
    if (known !== undefined) return known
    const network = readNetwork(ip)
    if (remembered.size >= rememberedMax) remembered.clear()
    if (ip.length <= ipCharsMax) remembered.set(ip, network)
    return network
  }
}

/** The /24 of an IPv4 address, the /48 of an IPv6 network; null where there is nothing coarser. */
export function coarserNetwork(network: Network): { readonly high: number; readonly low: number } | null {
  if (network.kind === 'other') return null
  const { kind, high, low } = network
  return kind === 'ipv4' ? { high: high & 0xffffff00, low: 0 } : { high, low: low & 0xffff0000 }
}

const rememberedMax = 4096
/** The longest way to write an IPv6 address, with a zone. */
const ipCharsMax = 64

/** Four decimal numbers without leading zeros, the only way that an IPv4 peer address is ever written; null for anything else. */
function readIpv4(ip: string): Network | null {
  const address = ipv4Number(ip)
  return address === null ? null : { kind: 'ipv4', high: address, low: 0 }
}

function readNetwork(ip: string): Network {
  if (!ipaddr.IPv6.isValid(ip)) return { kind: 'other', text: ip }
  const address = ipaddr.IPv6.parse(ip)
  if (address.isIPv4MappedAddress()) return readIpv4(address.toIPv4Address().toString()) ?? { kind: 'other', text: ip }
  const [a = 0, b = 0, c = 0, d = 0] = address.parts
  return { kind: 'ipv6', high: (a << 16) | b, low: (c << 16) | d }
}

import ipaddr from 'ipaddr.js'
import { ipv4Number } from '../../core/mod.ts'

/** An address as whole numbers: one of 32 bits for IPv4, four for IPv6. */
export type AddressWords = readonly number[]

/** Reads an address as clients' addresses are written; null for anything else. IPv4 in IPv6 clothes is IPv4. */
export function addressWords(address: string): AddressWords | null {
  return ipv4Words(address) ?? ipv6Words(address)
}

/** The same for the many addresses of a listener: remembers the IPv6 ones, which are slow to read, up to `rememberedMax`. */
export function createAddressReader(): (address: string) => AddressWords | null {
  const remembered = new Map<string, AddressWords | null>()
  return (address) => {
    const ipv4 = ipv4Words(address)
    if (ipv4 !== null) return ipv4
    const known = remembered.get(address)
    if (known !== undefined) return known
    const words = address.length > charsMax ? null : ipv6Words(address)
    if (remembered.size >= rememberedMax) remembered.clear()
    if (address.length <= charsMax) remembered.set(address, words)
    return words
  }
}

const rememberedMax = 4096
/** The longest way to write an IPv6 address, with a zone. */
const charsMax = 64

/** Four decimal numbers without leading zeros; null for anything else. */
function ipv4Words(text: string): AddressWords | null {
  const address = ipv4Number(text)
  return address === null ? null : [address]
}

function ipv6Words(text: string): AddressWords | null {
  if (!ipaddr.IPv6.isValid(text)) return null
  const address = ipaddr.IPv6.parse(text)
  if (address.isIPv4MappedAddress()) return ipv4Words(address.toIPv4Address().toString())
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = address.parts
  return [(a << 16) | b, (c << 16) | d, (e << 16) | f, (g << 16) | h]
}

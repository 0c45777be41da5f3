import { BlockList, isIP } from 'node:net'

/** What an address is to somebody who stands here. */
export type AddressKind = 'public' | 'loopback' | 'private' | 'special'

/** An IP address with its family, as a name server or a socket gives it. */
export interface IpAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** The address that the text is, without brackets; null for a name. */
export function ipAddressOf(text: string): IpAddress | null {
  const address = text.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(address)
  if (family === 0 || address.includes('%')) return null
  return { address, family: family === 4 ? 4 : 6 }
}

/**
 * Sorts an address by the special-purpose registries of IANA (RFC 6890). `public` is only what is globally reachable unicast;
 * `special` is everything that no service of anybody answers at on purpose: link-local with the metadata services of
 * clouds, multicast, translations (6to4, NAT64, mapped), documentation, what nobody was given.
 */
export function kindOf({ address, family }: IpAddress): AddressKind {
  const type = family === 4 ? 'ipv4' : 'ipv6'
  if (loopback.check(address, type)) return 'loopback'
  if (privateUse.check(address, type)) return 'private'
  if (family === 6 && !globalUnicast6.check(address, type)) return 'special'
  return special.check(address, type) ? 'special' : 'public'
}

/** A set of networks, each as `10.0.0.0/8` or `fd00::/8`. Texts that are no networks match nothing. */
export function openNetworks(cidrs: readonly string[]): { has(address: IpAddress): boolean } {
  // A list of its own for each family: the runtime's list takes a mapped IPv6 address for its IPv4 one.
  const lists = { 4: new BlockList(), 6: new BlockList() }
  for (const cidr of cidrs) {
    const [text = '', prefix] = cidr.split('/')
    const ip = ipAddressOf(text)
    if (ip === null) continue
    const bits = Number(prefix ?? (ip.family === 4 ? 32 : 128))
    lists[ip.family].addSubnet(ip.address, bits, ip.family === 4 ? 'ipv4' : 'ipv6')
  }
  return { has: ({ address, family }) => lists[family].check(address, family === 4 ? 'ipv4' : 'ipv6') }
}

function listOf(...cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/')
    list.addSubnet(address, Number(prefix), isIP(address) === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

const loopback = listOf('127.0.0.0/8', '::1/128')
const privateUse = listOf('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7')
const globalUnicast6 = listOf('2000::/3')
const special = listOf(
  '0.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
)

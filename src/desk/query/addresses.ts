import ipaddr from 'ipaddr.js'

/** The first and the last address of a network, as `addressKey` gives them. */
export interface AddressRange {
  readonly from: string
  readonly to: string
}

/** 32 hex digits by which addresses are in order, IPv4 as it is mapped into IPv6; null for what is no address. */
export function addressKey(address: string): string | null {
  const dotted = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)
  if (dotted !== null) {
    const bytes = dotted.slice(1).map(Number)
    return bytes.some((byte) => byte > 255) ? null : `${mappedPrefix}${hexOf(bytes)}`
  }
  const bytes = bytesOf(address)
  return bytes === null ? null : hexOf(bytes)
}

/** Before an IPv4 address in IPv6 (RFC 4291 2.5.5.2). */
const mappedPrefix = '00000000000000000000ffff'

/** An address, or a network in CIDR notation whose host bits do not matter; null for anything else. */
export function addressRange(cidr: string): AddressRange | null {
  const [address = '', bits, ...more] = cidr.split('/')
  const bytes = bytesOf(address)
  if (bytes === null || more.length > 0) return null
  if (bits === undefined) return { from: hexOf(bytes), to: hexOf(bytes) }
  const [offset, width] = address.includes(':') ? [0, 128] : [96, 32]
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > width) return null
  const kept = offset + Number(bits)
  const masked = (fill: 0 | 0xff): number[] =>
    bytes.map((byte, i) => {
      const mask = (0xff00 >> Math.min(8, Math.max(0, kept - i * 8))) & 0xff
      return (byte & mask) | (fill & ~mask & 0xff)
    })
  return { from: hexOf(masked(0)), to: hexOf(masked(0xff)) }
}

/** The network that is counted as one: /24 of IPv4, /64 of IPv6, as CIDR; '' for what is no address. */
export function networkOf(address: string): string {
  const dotted = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/.exec(address)
  if (dotted !== null) return `${dotted[1]}.0/24`
  if (!ipaddr.isValid(address)) return ''
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return networkOf(parsed.toString())
  const words = ipaddr.IPv6.parse(address).parts
  return `${new ipaddr.IPv6([...words.slice(0, 4), 0, 0, 0, 0]).toString()}/64`
}

function bytesOf(address: string): readonly number[] | null {
  // What is shorter than four parts is an IPv4 address to the library, and to nobody else.
  if (!address.includes(':') && !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) return null
  if (!ipaddr.isValid(address)) return null
  const parsed = ipaddr.parse(address)
  return (parsed.kind() === 'ipv4' ? ipaddr.IPv4.parse(address).toIPv4MappedAddress() : parsed).toByteArray()
}

function hexOf(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

import ipaddr from 'ipaddr.js'

/** A caller's address, and the network of which its neighbours are counted as one with it. */
export interface Network {
  /** An IPv4 address, or an IPv6 /64, which is one customer. */
  readonly address: string
  /** The IPv4 /28 or IPv6 /56 around it. */
  readonly group: string
}

/** Null for what is no IP address. IPv4 inside IPv6 counts as IPv4. */
export function networkOf(ip: string): Network | null {
  const four = fourOf(ip)
  if (four !== null) return four
  if (!ipaddr.isValid(ip)) return null
  const parsed = ipaddr.process(ip)
  if (parsed.kind() === 'ipv4') return fourOf(parsed.toString())
  const words = ipaddr.IPv6.parse(ip).parts
  return { address: prefix(words, 64), group: prefix(words, 56) }
}

const dotted = /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.)(\d{1,3})$/

function fourOf(ip: string): Network | null {
  const match = dotted.exec(ip)
  if (match === null) return null
  const [, front = '', last = ''] = match
  return { address: ip, group: `${front}${Number(last) & 0xf0}/28` }
}

function prefix(words: readonly number[], bits: 56 | 64): string {
  const kept = words.slice(0, 4)
  if (bits === 56) kept[3] = (kept[3] ?? 0) & 0xff00
  return `${new ipaddr.IPv6([...kept, 0, 0, 0, 0]).toString()}/${bits}`
}

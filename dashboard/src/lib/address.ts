/** An address as a number with its width in bits, or null for what is none. */
interface Parsed {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** Whether an address lies in a network, both as text; a network without a length is the one address. */
export function isInNetwork(address: string, network: string): boolean {
  const [base = '', length] = network.split('/', 2)
  const one = parseAddress(address)
  const other = parseAddress(base)
  if (one === null || other === null || one.bits !== other.bits) return false
  const width = length === undefined ? other.bits : Number(length)
  if (!Number.isInteger(width) || width < 0 || width > other.bits) return false
  const shift = BigInt(other.bits - width)
  return one.value >> shift === other.value >> shift
}

/** Whether a text names a network or an address. */
export function isNetwork(text: string): boolean {
  const [base = '', length] = text.split('/', 2)
  const parsed = parseAddress(base)
  if (parsed === null) return false
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= parsed.bits)
}

/** The network that one would block with an address: the /28 of IPv4, the /56 of IPv6; the text itself for anything else. */
export function networkOf(address: string): string {
  const parsed = parseAddress(address)
  if (parsed === null) return address
  const length = parsed.bits === 32 ? 28 : 56
  const shift = BigInt(parsed.bits - length)
  return `${formatAddress({ ...parsed, value: (parsed.value >> shift) << shift })}/${length}`
}

function formatAddress({ bits, value }: Parsed): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.')
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16))
  // RFC 5952: the longest run of zeros, the first of equals, is left out
  const runs = [...groups.join(':').matchAll(/\b0(?::0)+\b/g)].toSorted((a, b) => b[0].length - a[0].length)
  const run = runs[0]
  if (run === undefined) return groups.join(':')
  const text = groups.join(':')
  return `${text.slice(0, run.index).replace(/:$/, '')}::${text.slice(run.index + run[0].length).replace(/^:/, '')}`
}

function parseAddress(text: string): Parsed | null {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (octets !== undefined)
    return octets.every((octet) => octet < 256)
      ? { bits: 32, value: octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n) }
      : null
  return parseIpv6(text)
}

function groupsOf(half: string | undefined): string[] {
  return half === undefined || half === '' ? [] : half.split(':')
}

function parseIpv6(text: string): Parsed | null {
  if (!/^[0-9a-f:]{2,39}$/i.test(text) || !text.includes(':')) return null
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = groupsOf(halves[0])
  const tail = groupsOf(halves[1])
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null
  return { bits: 128, value: groups.reduce((value, group) => (value << 16n) | BigInt(parseInt(group, 16)), 0n) }
}

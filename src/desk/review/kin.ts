/** Which groups things belong to, so that a review compares networks and programs and not single addresses and builds. */

/**
 * The network of an address: an IPv4 /24, an IPv6 /48, in their shortest usual spelling; `unknown` for what is no address.
 * The gate records addresses in canonical form.
 */
export function networkOf(address: string): string {
  if (address.includes(':')) return networkOf6(address)
  const bytes = bytesOf(address)
  return bytes === null ? 'unknown' : `${bytes.slice(0, 3).join('.')}.0/24`
}

/** True for an address of this network (CIDR notation, or one address); false for anything that is neither. */
export function isInNetwork(address: string, network: string): boolean {
  const [base = '', length] = network.split('/')
  const [one, other] = [bitsOf(address), bitsOf(base)]
  if (one === null || other === null || one.length !== other.length) return false
  const bits = length === undefined ? other.length : Number(length)
  return Number.isInteger(bits) && bits >= 0 && one.slice(0, bits) === other.slice(0, bits)
}

/** What kind of program calls: the name before the first `/`, browsers as such; `none` where it does not say. */
export function agentFamilyOf(userAgent: string | null): string {
  if (userAgent === null || userAgent.trim() === '') return 'none'
  if (userAgent.startsWith('Mozilla/')) return browserOf(userAgent)
  const name = /^[A-Za-z][\w. +-]{0,39}/.exec(userAgent.trim())?.[0].trim() ?? ''
  return name === '' ? 'other' : name.toLowerCase()
}

const browsers: readonly (readonly [mark: string, family: string])[] = [
  ['Edg/', 'edge'],
  ['OPR/', 'opera'],
  ['Firefox/', 'firefox'],
  ['HeadlessChrome/', 'headless chrome'],
  ['Chrome/', 'chrome'],
  ['Safari/', 'safari'],
]

function browserOf(userAgent: string): string {
  if (/bot|crawl|spider/i.test(userAgent)) return 'crawler'
  return browsers.find(([mark]) => userAgent.includes(mark))?.[1] ?? 'browser'
}

function networkOf6(address: string): string {
  const shown = groupsOf(address)?.slice(0, 3)
  if (shown === undefined) return 'unknown'
  while (shown.length > 0 && shown.at(-1) === 0) shown.pop()
  return `${shown.map((value) => value.toString(16)).join(':')}::/48`
}

/** The eight groups of an IPv6 address; null for anything else. */
function groupsOf(address: string): number[] | null {
  const halves = (address.split('%')[0] ?? '').split('::')
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - left.length - right.length
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return null
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right]
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : null
}

/** As a text of zeros and ones; null for what is no address. */
function bitsOf(address: string): string | null {
  const groups = address.includes(':') ? groupsOf(address) : bytesOf(address)
  const width = address.includes(':') ? 16 : 8
  return groups?.map((value) => value.toString(2).padStart(width, '0')).join('') ?? null
}

function bytesOf(address: string): number[] | null {
  const parts = address.split('.')
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)
    ? parts.map(Number)
    : null
}

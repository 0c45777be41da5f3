/** Where to listen. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`; IP literals only, so that nothing depends on a name server. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([^:[\]]{1,64})):(\d{1,5})$/.exec(text)
  if (match === null) return null
  const port = Number(match[3])
  if (port > 65_535) return null
  const [, six, four = ''] = match
  if (six !== undefined) return addressBytes(six)?.length === 16 ? { host: six.toLowerCase(), port } : null
  if (four === 'localhost') return { host: '127.0.0.1', port }
  return addressBytes(four) === null ? null : { host: four, port }
}

/** The address as the file writes it. */
export function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** 4 or 16 bytes of an IP literal; null for anything else. Zones (`fe80::1%eth0`) are not addresses here. */
export function addressBytes(text: string): readonly number[] | null {
  return text.includes(':') ? bytesOf6(text) : bytesOf4(text)
}

function bytesOf4(text: string): readonly number[] | null {
  if (!/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/.test(text) || text.endsWith('.')) return null
  const parts = text.split('.')
  // `010` is eight to some parsers and ten to others.
  return parts.some((part) => part.length > 1 && part.startsWith('0')) ? null : parts.map(Number)
}

function bytesOf6(text: string): readonly number[] | null {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const four = tail === null ? [] : bytesOf4(tail[2] ?? '')
  if (four === null) return null
  const hex = tail === null ? text : `${tail[1]}${wordText(four, 0)}:${wordText(four, 2)}`
  const halves = hex.split('::')
  if (halves.length > 2) return null
  const [front = [], back = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  if ([...front, ...back].some((word) => !/^[0-9a-fA-F]{1,4}$/.test(word))) return null
  const gap = 8 - front.length - back.length
  if (halves.length === 1 ? gap !== 0 : gap < 1) return null
  const words = [...front, ...Array<string>(gap).fill('0'), ...back].map((word) => Number.parseInt(word, 16))
  return words.flatMap((word) => [word >> 8, word & 0xff])
}

function wordText(bytes: readonly number[], at: number): string {
  return (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16)
}

/** True where only this machine can connect. */
export function isLoopback(host: string): boolean {
  const bytes = addressBytes(host)
  if (bytes === null) return false
  if (bytes.length === 4) return bytes[0] === 127
  return bytes.every((byte, index) => byte === (index === 15 ? 1 : 0))
}

/** True for `0.0.0.0` and `::`, which stand for every address of the machine. */
export function isWildcard(host: string): boolean {
  return addressBytes(host)?.every((byte) => byte === 0) === true
}

/** Two listeners of which the second could not be opened. Port 0 is chosen anew each time and never collides. */
export function collide(a: Address, b: Address): boolean {
  return a.port === b.port && a.port !== 0 && (a.host === b.host || isWildcard(a.host) || isWildcard(b.host))
}

/** A network as it is written, and as it should be. */
export interface Network {
  readonly cidr: string
  /** The same network without stray bits; equal to `cidr` when there are none. */
  readonly clean: string
}

/** `10.0.0.0/8`, `2001:db8::/32`; a bare address is the network of itself alone. */
export function parseNetwork(text: string): Network | null {
  const [address = '', prefix, ...more] = text.split('/')
  const bytes = addressBytes(address)
  if (bytes === null || more.length > 0) return null
  const bits = bytes.length * 8
  if (prefix === undefined) return { cidr: `${address}/${bits}`, clean: `${address}/${bits}` }
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) return null
  const kept = bytes.map(
    (byte, index) => byte & (0xff << (8 - Math.min(8, Math.max(0, Number(prefix) - index * 8)))) & 0xff,
  )
  const stray = kept.some((byte, index) => byte !== bytes[index])
  return { cidr: text, clean: stray ? `${textOf(kept)}/${prefix}` : text }
}

function textOf(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.')
  const words = Array.from({ length: 8 }, (_, index) => wordText(bytes, index * 2))
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1)
}

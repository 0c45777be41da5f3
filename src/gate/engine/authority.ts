/** Host and port that a request is meant for. */
export interface Authority {
  /** Lower case, without port; IPv6 in brackets. */
  readonly host: string
  /** As sent, in lower case. */
  readonly text: string
  /** With the scheme's port where none was sent: equal exactly where two authorities mean the same. */
  readonly canonical: string
}

/** Reads the value of `Host` or the authority of an absolute URL; null for what is not exactly `host[:port]`. */
export type Authorities = (raw: string) => Authority | null

/** Remembers what it has read, at most `authoritiesMax` of them, for nearly all requests name the same few. */
export function createAuthorities(defaultPort: number, authoritiesMax = 1024): Authorities {
  const known = new Map<string, Authority | null>()
  return (raw) => {
    const found = known.get(raw)
    if (found !== undefined) return found
    const authority = raw.length > authorityCharsMax ? null : parseAuthority(raw, defaultPort)
    if (raw.length > authorityCharsMax) return authority
    if (known.size >= authoritiesMax) known.clear()
    known.set(raw, authority)
    return authority
  }
}

/** A DNS name of 253, brackets and a port. */
const authorityCharsMax = 264

// No userinfo, no percent-encoding, no empty host or port: whatever two parsers could read differently is no authority.
const form = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9.])?)(?::(\d{1,5}))?$/

function parseAuthority(raw: string, defaultPort: number): Authority | null {
  const text = raw.toLowerCase()
  const [, host, port] = form.exec(text) ?? []
  if (host === undefined || host.includes('..')) return null
  const number = port === undefined ? defaultPort : Number(port)
  return number > 0 && number <= 65_535 ? { host, text, canonical: `${host}:${number}` } : null
}

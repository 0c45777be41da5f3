import { type Address, parseAddress, parseNetwork } from './addresses.ts'
import { meantText } from './did-you-mean.ts'
import { bad, good, type Kind, mistaken, textKind } from './kinds.ts'

/** `127.0.0.1:8080`. */
export const addressKind: Kind<Address> = textKind({
  noun: 'an address to listen on',
  how: 'write an IP address and a port: 127.0.0.1:8080, 0.0.0.0:8080, [::1]:8080',
  schema: { pattern: '^(?:\\[[0-9A-Fa-f:.]+\\]|localhost|[0-9.]+):\\d{1,5}$' },
  parse: parseAddress,
  meant: meantAddress,
  check: good,
})

function meantAddress(text: string): string | null {
  const bare = text.replace(/^[a-z]+:\/\//i, '').replace(/\/+$/, '')
  if (bare !== text && parseAddress(bare) !== null) return bare
  const port = /^[:*]{0,2}(\d{1,5})$/.exec(text)?.[1]
  if (port !== undefined && Number(port) <= 65_535)
    return `${text.startsWith('*') || text.startsWith(':') ? '0.0.0.0' : '127.0.0.1'}:${port}`
  const six = /^([0-9a-f:]+):(\d{2,5})$/i.exec(text)
  const bracketed = six === null ? '' : `[${six[1]}]:${six[2]}`
  if (parseAddress(bracketed) !== null) return bracketed
  return parseNetwork(text) !== null && !text.includes('/') ? `${text.includes(':') ? `[${text}]` : text}:8080` : null
}

/** A network whose `X-Forwarded-For` is believed. */
export const networkKind: Kind<string> = textKind({
  noun: 'a network',
  how: 'write it as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32',
  schema: { pattern: '^[0-9A-Fa-f:.]+(?:/\\d{1,3})?$' },
  parse: parseNetwork,
  check: ({ cidr, clean }) =>
    cidr === clean ? good(cidr) : mistaken('GH-C008', 'has bits behind its mask', { guess: meantText(clean) }),
})

/** Host names as callers send them: lower case, without port. */
export const hostKind: Kind<string> = {
  schema: { type: 'string', pattern: '^(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}))$' },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a host name', 'write it as api.example.com')
    const host = value.toLowerCase()
    if (hostPattern.test(host) || /^\[[0-9a-f:.]{2,45}\]$/.test(host)) return good(host)
    if (host.includes('*'))
      return bad('GH-C008', 'has a wildcard', 'name each host; without `hosts` an API answers to all of them')
    const bare = host
      .replace(/^[a-z]+:\/\//, '')
      .replace(/[/?#].*$/, '')
      .replace(/:\d+$/, '')
      .replace(/\.$/, '')
    const guess = bare !== host && hostPattern.test(bare) ? meantText(bare) : null
    return mistaken('GH-C008', 'is not a host name', { guess, hint: 'write it as api.example.com' })
  },
}

const hostPattern =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}[a-z0-9_])?)*$/

/** `http://host:port` with an optional base path; the slash at its end is dropped. */
export const upstreamKind: Kind<string> = {
  schema: { type: 'string', format: 'uri', pattern: '^https?://[^@?#\\s]+$' },
  read: (value) => {
    if (typeof value !== 'string') return bad('GH-C006', 'is not a URL', 'write it as http://127.0.0.1:3000')
    const url = URL.parse(value)
    if (url === null || !/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
      return mistaken('GH-C008', 'is not a URL', {
        guess: meantText(meantUrl(value)),
        hint: 'write it as http://127.0.0.1:3000',
      })
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      return bad('GH-C008', 'is not an http or https URL', 'upstreams are called by http:// or https://')
    if (url.username !== '' || url.password !== '')
      return bad('GH-C008', 'has a user name or a password in it', 'leave out what stands before the @')
    if (url.hash !== '' || value.includes('#'))
      return bad('GH-C008', 'has a fragment', 'leave out the # and what follows')
    if (url.search !== '' || value.includes('?'))
      return bad('GH-C008', 'has a query', 'leave out the ? and what follows')
    return good(url.origin + url.pathname.replace(/\/+$/, ''))
  },
}

function meantUrl(text: string): string | null {
  const guess = `http://${text.replace(/^\/+/, '')}`
  const fits = /^\/*[A-Za-z0-9.-]+(?::\d{1,5})?(?:\/[\w./~-]*)?$/.test(text) && URL.canParse(guess)
  return fits ? guess : null
}

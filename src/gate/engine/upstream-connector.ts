import { isIP, type LookupFunction } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import { buildConnector } from 'undici'
import { messageOf, type Upstream } from '../../core/mod.ts'
import { openNameLookup } from './upstream-names.ts'

/** What connections by TLS are made with. */
export interface ConnectorDeps {
  readonly readFile: (path: string) => string
  readonly nowMs: () => number
}

/** Files are looked at again for a new connection when they were looked at longer ago than this. */
const lookMs = 10_000

/** Stands for no name at all where one must be given: an address is no server name (RFC 6066 section 3). */
const noName = ''

/**
 * Opens connections to an upstream. By TLS its certificate is verified, always, against the name in the URL or the one that is
 * configured: never against the `Host` of a caller, who would choose it. The files are read again when they change.
 */
export function openConnector(upstream: Upstream, { readFile, nowMs }: ConnectorDeps): buildConnector.connector {
  const lookup = openNameLookup(nowMs)
  const connect = buildConnector({ timeout: upstream.connectMs, rejectUnauthorized: true, allowH2: false, lookup })
  const { protocol, hostname } = new URL(upstream.url)
  if (protocol !== 'https:') return connect
  const host = hostname.replaceAll(/[[\]]/g, '')
  const servername = upstream.tls?.serverName ?? (isIP(host) === 0 ? host : noName)
  const context = contextReader(upstream, readFile)
  let made = { connect, text: '', atMs: Number.NEGATIVE_INFINITY }
  const newest = (): buildConnector.connector => {
    if (nowMs() - made.atMs < lookMs) return made.connect
    const { text, secureContext } = context(made.text)
    made =
      secureContext === null
        ? { ...made, atMs: nowMs() }
        : { connect: secureConnector(upstream, secureContext, lookup), text, atMs: nowMs() }
    return made.connect
  }
  return (options, callback) => {
    let current: buildConnector.connector
    try {
      current = newest()
    } catch (error) {
      // oxlint-disable-next-line promise/prefer-await-to-callbacks -- undici takes its socket so
      return callback(error instanceof Error ? error : new Error(messageOf(error)), null)
    }
    current({ ...options, servername }, callback)
  }
}

function secureConnector(
  { connectMs }: Upstream,
  secureContext: SecureContext,
  lookup: LookupFunction,
): buildConnector.connector {
  return buildConnector({
    timeout: connectMs,
    rejectUnauthorized: true,
    allowH2: false,
    minVersion: 'TLSv1.2',
    secureContext,
    lookup,
  })
}

type ContextReader = (before: string) => { readonly text: string; readonly secureContext: SecureContext | null }

/** Gives a new context where the files say something else than `before`. Throws what the log of the request then says. */
function contextReader({ tls }: Upstream, readFile: (path: string) => string): ContextReader {
  const read = (path: string | null): string => (path === null ? '' : readFile(path))
  return (before) => {
    const [ca, cert, key] = [read(tls?.ca ?? null), read(tls?.cert ?? null), read(tls?.key ?? null)]
    const text = JSON.stringify([ca, cert, key])
    if (text === before) return { text, secureContext: null }
    const secureContext = createSecureContext({
      ...(ca === '' ? {} : { ca }),
      ...(cert === '' ? {} : { cert, key }),
    })
    return { text, secureContext }
  }
}

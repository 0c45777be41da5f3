import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'

/** How long addresses are taken for right: how long they are, the system does not tell. */
const freshMs = 30_000
/** Older ones are used only where no newer ones can be had. */
const staleMs = 300_000

/** All addresses of a name. */
export type ResolveName = (name: string) => Promise<readonly LookupAddress[]>

/**
 * Finds the addresses of one upstream for new connections. They are asked for again every 30 s while they are used, beside the
 * connection that notices; when they cannot be had, the old ones are kept: a name server that is down takes no API down.
 */
export function openNameLookup(nowMs: () => number, resolve: ResolveName = resolveBySystem): LookupFunction {
  let known: readonly LookupAddress[] = []
  let knownMs = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | null = null
  const ask = async (name: string): Promise<void> => {
    try {
      const found = await resolve(name)
      if (found.length > 0) known = found
      knownMs = nowMs()
    } catch (error) {
      if (known.length === 0) throw error
      knownMs = nowMs() - staleMs + freshMs // the old ones for another while
    } finally {
      asking = null
    }
  }
  const addresses = async (name: string): Promise<readonly LookupAddress[]> => {
    const ageMs = nowMs() - knownMs
    if (ageMs < freshMs) return known
    asking ??= ask(name)
    if (known.length === 0 || ageMs >= staleMs) await asking
    else asking.catch(() => undefined) // what is known is used
    return known
  }
  return (name, options, callback) => {
    // oxlint-disable promise/no-callback-in-promise, promise/prefer-await-to-callbacks -- sockets take their addresses so
    addresses(name).then(
      (all) => {
        const fitting = all.filter(({ family }) => !options.family || family === familyOf(options.family))
        const [first] = fitting
        if (first === undefined) callback(notFound(name), '')
        else if (options.all === true) callback(null, [...fitting])
        else callback(null, first.address, first.family)
      },
      (error: unknown) => callback(error instanceof Error ? error : notFound(name), ''),
    )
    // oxlint-enable promise/no-callback-in-promise, promise/prefer-await-to-callbacks
  }
}

function familyOf(family: number | 'IPv4' | 'IPv6'): number {
  return family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family
}

function notFound(name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' })
}

/** The system's resolver, hosts file included. */
function resolveBySystem(name: string): Promise<readonly LookupAddress[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly LookupAddress[]>()
  systemLookup(name, { all: true, verbatim: true }, (error, found) => {
    if (error === null) resolve(found)
    else reject(error)
  })
  return promise
}

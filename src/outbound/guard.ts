import { lookup } from 'node:dns/promises'
import { GatehouseError, messageOf } from '../core/mod.ts'
import { type IpAddress, ipAddressOf, kindOf, openNetworks } from './networks.ts'

/**
 * Who named the host. `operator`: it stands in the configuration, word for word; then a loopback or private address that stands
 * there as such is his word. `data`: it came from anywhere else, for instance from a document that was fetched.
 */
export type WhoNamed = 'operator' | 'data'

/** All addresses of a name, as the name server gives them. */
export type Resolve = (host: string) => Promise<readonly IpAddress[]>

/** Decides where connections may go. */
export interface Guard {
  /** The addresses of a host, every one of them allowed. Throws `destination_not_allowed` or `unreachable`. */
  addresses(host: string, named: WhoNamed): Promise<readonly IpAddress[]>
  /** Whether a connection to this host may stand at this address; asked again of each connection that was made. */
  allows(host: string, address: IpAddress, named: WhoNamed): boolean
}

/** `allow` are networks that may be reached although they are not public. */
export function openGuard({ allow, resolve }: { readonly allow: readonly string[]; readonly resolve: Resolve }): Guard {
  const networks = openNetworks(allow)
  const allows = (host: string, address: IpAddress, named: WhoNamed): boolean => {
    const kind = kindOf(address)
    if (kind === 'public' || networks.has(address)) return true
    if (named !== 'operator' || kind === 'special') return false
    return ipAddressOf(host) !== null || (isLocalhost(host) && kind === 'loopback')
  }
  return {
    allows,
    addresses: async (host, named) => {
      const literal = ipAddressOf(host)
      const found = literal === null ? await answersOf(host, resolve) : [literal]
      // One forbidden answer among good ones is what a rebinding name server gives: none of them is used.
      const forbidden = found.find((address) => !allows(host, address, named))
      if (forbidden !== undefined) throw notAllowed(host, forbidden.address)
      return found
    },
  }
}

/** The names that RFC 6761 keeps for this machine. */
export function isLocalhost(host: string): boolean {
  return /^(?:.+\.)?localhost\.?$/i.test(host)
}

/** `destination_not_allowed`, with the way out. */
export function notAllowed(host: string, address: string): GatehouseError {
  const where = host.replaceAll(/[[\]]/g, '') === address ? address : `${host} (${address})`
  return new GatehouseError(
    'destination_not_allowed',
    `Cannot call ${where}: the address is not public. Where this is meant, name its network in outbound.allow`,
  )
}

/** The system's own resolver, hosts file included. */
export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address, family }) => ({
    address,
    family: family === 6 ? 6 : 4,
  }))

async function answersOf(host: string, resolve: Resolve): Promise<readonly IpAddress[]> {
  let found: readonly IpAddress[]
  try {
    found = await resolve(host)
  } catch (cause) {
    throw new GatehouseError('unreachable', `Cannot find the address of ${host}: ${messageOf(cause)}`, { cause })
  }
  if (found.length === 0) throw new GatehouseError('unreachable', `Cannot find the address of ${host}: it has none`)
  return found.slice(0, addressesMax)
}

/** Of a name with more addresses, only so many are tried. */
const addressesMax = 8

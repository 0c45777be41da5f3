import { connect as connectSocket, type Socket } from 'node:net'
import { connect as secure, type TLSSocket } from 'node:tls'
import { GatehouseError, messageOf } from '../core/mod.ts'
import { type Guard, isLocalhost, notAllowed, type WhoNamed } from './guard.ts'
import { type IpAddress, ipAddressOf, kindOf } from './networks.ts'

export type { WhoNamed } from './guard.ts'

/** Where a connection goes. */
export interface Destination {
  /** A name or an IP address. */
  readonly host: string
  readonly port: number
  /** @default data */
  readonly named?: WhoNamed
  /** Address, connection and TLS together. @default 10,000 */
  readonly deadlineMs?: number
}

export interface TlsDestination extends Destination {
  /** PEM of the authorities that are trusted for this destination, instead of those that the runtime brings. */
  readonly ca?: string | undefined
  /** Protocols to offer (ALPN). */
  readonly protocols?: readonly string[]
}

export interface TcpDestination extends Destination {
  /**
   * `clear`: what is sent stays readable; only a loopback address is connected to. `upgrade`: the caller starts TLS, with
   * verification, before it sends anything that matters (STARTTLS).
   */
  readonly use: 'clear' | 'upgrade'
}

const deadlineMsDefault = 10_000

/** A connection under TLS whose other end proved to be `host`. Throws `destination_not_allowed` or `unreachable`. */
export async function connectTls(guard: Guard, to: TlsDestination): Promise<TLSSocket> {
  const deadline = AbortSignal.timeout(to.deadlineMs ?? deadlineMsDefault)
  const socket = await reach(guard, to, deadline)
  const host = hostOf(to)
  const session = secure({
    socket,
    host,
    // RFC 6066 3: an address is no server name; the certificate is then held against the address.
    ...(ipAddressOf(host) === null ? { servername: host.replace(/\.$/, '') } : {}),
    ...(to.ca === undefined ? {} : { ca: to.ca }),
    ...(to.protocols === undefined ? {} : { ALPNProtocols: [...to.protocols] }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  })
  return await settled(session, { event: 'secureConnect', deadline, to, doing: 'no TLS with' })
}

/** A checked connection without TLS. Throws `destination_not_allowed` or `unreachable`. */
export async function connectTcp(guard: Guard, to: TcpDestination): Promise<Socket> {
  const socket = await reach(guard, to, AbortSignal.timeout(to.deadlineMs ?? deadlineMsDefault))
  if (to.use === 'upgrade' || isLoopbackEnd(socket)) return socket
  socket.destroy()
  throw new GatehouseError(
    'destination_not_allowed',
    `Cannot call ${nameOf(to)} without TLS: it is not on this machine. Use TLS there`,
  )
}

/** Whether this host is a literal of this machine: what may be spoken to without TLS. */
export function isLoopbackHost(host: string): boolean {
  const address = ipAddressOf(host)
  return address === null ? isLocalhost(host) : kindOf(address) === 'loopback'
}

async function reach(guard: Guard, to: Destination, deadline: AbortSignal): Promise<Socket> {
  const host = hostOf(to)
  const named = to.named ?? 'data'
  const addresses = await beforeDeadline(guard.addresses(host, named), deadline, to)
  let failure: unknown = null
  for (const [at, address] of addresses.entries()) {
    try {
      const socket = await open(address, to, { deadline, tries: addresses.length - at })
      const end = endOf(socket)
      if (end !== null && guard.allows(host, end, named)) return socket
      socket.destroy()
      throw notAllowed(host, end?.address ?? address.address)
    } catch (error) {
      failure = error
      if (deadline.aborted || (error instanceof GatehouseError && error.code === 'destination_not_allowed')) break
    }
  }
  if (failure instanceof GatehouseError) throw failure
  throw unreachable(to, 'no connection to', failure)
}

/** One address must not use up the time of those behind it. */
const addressMsMax = 3_000

async function open(
  address: IpAddress,
  to: Destination,
  { deadline, tries }: { readonly deadline: AbortSignal; readonly tries: number },
): Promise<Socket> {
  const socket = connectSocket({ host: address.address, port: to.port, family: address.family, noDelay: true })
  const soon = tries > 1 ? AbortSignal.any([deadline, AbortSignal.timeout(addressMsMax)]) : deadline
  return await settled(socket, { event: 'connect', deadline: soon, to, doing: 'no connection to' })
}

interface Settling {
  readonly event: 'connect' | 'secureConnect'
  readonly deadline: AbortSignal
  readonly to: Destination
  readonly doing: string
}

/** Resolves when the socket is ready; destroys it when it fails or is late. */
async function settled<S extends Socket>(socket: S, { event, deadline, to, doing }: Settling): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>()
  const late = (): void => reject(unreachable(to, doing, new Error('it took too long')))
  const failed = (error: Error): void => reject(unreachable(to, doing, error))
  const ended = (): void => reject(unreachable(to, doing, new Error('it was closed')))
  socket.once(event, () => resolve(socket))
  socket.once('error', failed)
  socket.once('close', ended)
  deadline.addEventListener('abort', late, { once: true })
  if (deadline.aborted) late()
  try {
    return await promise
  } catch (error) {
    socket.on('error', ignore)
    socket.destroy()
    throw error
  } finally {
    socket.off('error', failed)
    socket.off('close', ended)
    deadline.removeEventListener('abort', late)
  }
}

/** What a socket that is being destroyed still complains of was told already. */
function ignore(): void {}

async function beforeDeadline<T>(work: Promise<T>, deadline: AbortSignal, to: Destination): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const late = (): void => reject(unreachable(to, 'no address of', new Error('it took too long')))
  deadline.addEventListener('abort', late, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    deadline.removeEventListener('abort', late)
  }
}

function endOf(socket: Socket): IpAddress | null {
  return socket.remoteAddress === undefined ? null : ipAddressOf(socket.remoteAddress)
}

function isLoopbackEnd(socket: Socket): boolean {
  const end = endOf(socket)
  return end !== null && kindOf(end) === 'loopback'
}

function hostOf({ host }: Destination): string {
  return host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
}

function nameOf({ host, port }: Destination): string {
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}

function unreachable(to: Destination, doing: string, cause: unknown): GatehouseError {
  if (cause instanceof GatehouseError) return cause
  return new GatehouseError('unreachable', `There is ${doing} ${nameOf(to)}: ${messageOf(cause)}`, { cause })
}

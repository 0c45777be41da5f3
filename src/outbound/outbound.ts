import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { connectTcp, connectTls, type TcpDestination, type TlsDestination } from './connect.ts'
import { openGuard, type Resolve, systemResolve } from './guard.ts'
import { type Answer, openRequests, type OutboundRequest } from './requests.ts'

export interface OutboundOptions {
  /** Networks that may be called although they are not public: `10.0.0.0/8`. @default none */
  readonly allow?: readonly string[]
  /** @default the system's resolver */
  readonly resolve?: Resolve
}

/**
 * The way out. All of it throws `destination_not_allowed` for what may not be called, and `unreachable` for what could not
 * be reached in time. To be closed after everything that uses it.
 */
export interface Outbound extends AsyncDisposable {
  request(options: OutboundRequest): Promise<Answer>
  connectTls(to: TlsDestination): Promise<TLSSocket>
  connectTcp(to: TcpDestination): Promise<Socket>
}

/** Opens the way out; nothing is connected to before it is used. */
export function openOutbound({ allow = [], resolve = systemResolve }: OutboundOptions = {}): Outbound {
  const guard = openGuard({ allow, resolve })
  const requests = openRequests(guard)
  return {
    request: (options) => requests.request(options),
    connectTls: (to) => connectTls(guard, to),
    connectTcp: (to) => connectTcp(guard, to),
    [Symbol.asyncDispose]: () => requests[Symbol.asyncDispose](),
  }
}

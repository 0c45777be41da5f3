/**
 * The one guarded way out: everything that Gatehouse calls by itself, other than the APIs that it protects, is reached through here.
 *
 * Architecture invariant: no destination is connected to before its address was held against the networks that are allowed,
 * and none is spoken to before the address of the connection itself was; TLS is always verified; nothing waits forever and
 * no answer is read without end.
 * @module
 */
export { type Answer, type OutboundRequest } from './requests.ts'
export { openOutbound, type Outbound, type OutboundOptions } from './outbound.ts'
export type { Destination, TcpDestination, TlsDestination, WhoNamed } from './connect.ts'
export { type AddressKind, ipAddressOf, kindOf } from './networks.ts'

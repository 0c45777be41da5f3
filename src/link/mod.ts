/**
 * Gate and desk: records one way, snapshots and changes the other, over a local socket.
 *
 * Architecture invariant: the two wings meet here and in `core`'s types, nowhere else; only `app` opens a link.
 * @module
 */
export { openLinkClient, type LinkClient, type LinkClientOptions } from './link-client.ts'
export { openLinkServer, type LinkServer, type LinkServerOptions } from './link-server.ts'
export type { LinkHello } from './messages.ts'

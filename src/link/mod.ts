/**
 * Gate and desk: records and answers one way, snapshots, changes and questions the other, over a local socket.
 *
 * Architecture invariant: the two wings meet here and in `core`'s types, nowhere else; only `app` opens a link.
 * @module
 */
export type { LinkAnswers } from './answering.ts'
export { openLinkClient, type LinkClient, type LinkClientOptions } from './link-client.ts'
export { openLinkServer, type LinkServer, type LinkServerOptions } from './link-server.ts'
export { type LinkHello, linkVersion } from './messages.ts'

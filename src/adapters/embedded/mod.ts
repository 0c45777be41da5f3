/**
 * What runs inside the process, with no other server: the control store and the request index on the runtime's own SQLite.
 * @module
 */
export { openEmbeddedControlStore } from './control-store.ts'
export { openEmbeddedRequestIndex, type RequestIndexOptions } from './request-index.ts'

/**
 * What runs inside the process, with no other server: the control store and the request index on the runtime's own
 * SQLite, the query index on DuckDB in memory.
 * @module
 */
export { openEmbeddedControlStore } from './control-store.ts'
export { openEmbeddedRequestIndex, type RequestIndexOptions } from './request-index.ts'
export { openEmbeddedQueryIndex, type QueryIndexOptions } from './query-index.ts'

/**
 * What runs inside the process, with no other server: the control store on the runtime's own SQLite.
 * @module
 */
export { openEmbeddedControlStore } from './control-store.ts'

/**
 * What a caller may do, once it is known who is calling.
 *
 * Architecture invariant: a decision is made from the request, its route, its caller and the rules of one revision alone; this
 * room reads no clock, no store.
 * @module
 */
export { authorize } from './authorize.ts'
export {
  type ApiNetworkCheck,
  blockedBy,
  compileApiNetworks,
  compileNetworks,
  networkBlocked,
  type NetworkTable,
} from './networks.ts'
export { type CompiledRoles, compileRoles, type Permission } from './roles.ts'

import type { Clock, ConnectionLimits } from '../../core/mod.ts'
import type { Authorities } from './authority.ts'
import type { TrustedHops } from './client-address.ts'
import type { Exchange, Handler } from './exchange.ts'
import type { FieldNames } from './field-names.ts'
import type { GateTables } from './strict-gate.ts'
import type { Sweep } from './sweep.ts'
import type { UpstreamPools } from './upstream-pools.ts'

/** Ids for requests and spans; see `createRequestIds` of crypto. */
export interface Ids {
  /** 32 lower-case hex digits. */
  requestId(): string
  /** 16 lower-case hex digits. */
  spanId(): string
}

/** What all connections of an engine share. The members that are not readonly change with the configuration. */
export interface EngineCore {
  readonly clock: Clock
  readonly ids: Ids
  readonly handler: Handler
  readonly onDefect: (error: unknown, requestId: string) => void
  readonly names: FieldNames
  readonly authorities: Authorities
  readonly scheme: 'http'
  /** The tables for heads that came by TLS: another scheme, another port where none is named. */
  readonly secure: GateTables
  readonly sweep: Sweep
  readonly pools: UpstreamPools
  limits: ConnectionLimits
  hops: TrustedHops
  /** Set for good by the first `drain`. */
  draining: boolean
  /** Exchanges whose handler has not settled. */
  running: number
}

/** An exchange as the engine sees it. */
export interface Attended extends Exchange {
  /** Answered, streamed or dropped, or begun to be. */
  readonly ended: boolean
}

/** Gives an exchange to the handler, once, and cleans up behind a handler that breaks its promise. */
export async function attend(core: EngineCore, exchange: Attended): Promise<void> {
  core.running++
  try {
    await core.handler(exchange)
    if (!exchange.ended) throw new Error('The handler settled without ending its exchange')
  } catch (error) {
    core.onDefect(error, exchange.request.id)
    exchange.drop()
  } finally {
    core.running--
  }
}

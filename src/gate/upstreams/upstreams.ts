import type { Api, Policy, UpstreamStatus } from '../../core/mod.ts'
import { ApiPool, type Pool } from './pool.ts'
import { createRandom } from './random.ts'

/** Why upstreams are left out by their health checks: by API, and by URL there. */
export type DownByApi = Readonly<Record<string, Readonly<Record<string, string>>>>

/** The pools of all APIs of one gateway thread. */
export interface Upstreams {
  /** The pool of an API of a policy that was taken over, the newest or one before. */
  poolOf(api: Api): Pool
  /** Takes over a policy; the pools of APIs whose upstreams and rules stay as they are go on as they are. */
  configure(policy: Pick<Policy, 'apis'>): void
  /** Takes over what the health checks found. */
  setDown(down: DownByApi): void
  status(nowMs: number): readonly UpstreamStatus[]
}

export interface UpstreamsOptions {
  /** Spreads the beginnings of several threads. */
  readonly seed: number
  readonly down: DownByApi
}

/** The pools of a policy. */
export function createUpstreams(policy: Pick<Policy, 'apis'>, options: UpstreamsOptions): Upstreams {
  const { seed } = options
  const random = createRandom(seed)
  let pools = new Map<string, ApiPool>()
  // A request goes its whole way by one revision, and one of an older revision may still come.
  const byApi = new WeakMap<Api, ApiPool>()
  const texts = new Map<string, string>()
  let down: DownByApi = {}
  const configure = ({ apis }: Pick<Policy, 'apis'>): void => {
    const next = new Map<string, ApiPool>()
    for (const api of apis) {
      const text = JSON.stringify([api.upstreams, api.pool])
      const before = pools.get(api.name) ?? null
      const pool = before !== null && texts.get(api.name) === text ? before : new ApiPool(api, { random, before })
      texts.set(api.name, text)
      next.set(api.name, pool)
      byApi.set(api, pool)
    }
    pools = next
  }
  const setDown = (next: DownByApi): void => {
    for (const [name, pool] of pools) {
      if (next[name] === undefined && down[name] === undefined) continue
      pool.setDown(new Map(Object.entries(next[name] ?? {})))
    }
    down = next
  }
  configure(policy)
  setDown(options.down)
  return {
    poolOf: (api) => {
      const pool = byApi.get(api)
      if (pool === undefined) throw new Error(`API ${api.name} is of no policy that was taken over`)
      return pool
    },
    configure,
    setDown,
    status: (nowMs) => [...pools.values()].flatMap((pool) => pool.status(nowMs)),
  }
}

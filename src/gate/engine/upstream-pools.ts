import { Pool } from 'undici'
import type { Policy, Upstream } from '../../core/mod.ts'

/** Connections to one upstream. */
export interface UpstreamPool {
  readonly pool: Pool
  /** Path in the upstream's URL, put before every target; '' for none. */
  readonly basePath: string
}

/** The pools of all upstreams, each with `connectionsMax` connections that are opened on demand. */
export interface UpstreamPools extends AsyncDisposable {
  poolOf(upstream: Upstream): UpstreamPool
  /** Pools that no longer appear finish their requests and close. */
  configure(policy: Pick<Policy, 'apis'>): void
}

export function openUpstreamPools(policy: Pick<Policy, 'apis'>): UpstreamPools {
  const pools = new Map<string, UpstreamPool>()
  // Found by the object, which is the same for all requests of a revision; the text key is made once for each.
  let known = new WeakMap<Upstream, UpstreamPool>()
  const poolOf = (upstream: Upstream): UpstreamPool => {
    const found = known.get(upstream)
    if (found !== undefined) return found
    const key = keyOf(upstream)
    const pool = pools.get(key) ?? openPool(upstream)
    pools.set(key, pool)
    known.set(upstream, pool)
    return pool
  }
  const configure = ({ apis }: Pick<Policy, 'apis'>): void => {
    const upstreams = apis.flatMap((api) => api.upstreams)
    const wanted = new Set(upstreams.map(keyOf))
    known = new WeakMap()
    for (const [key, { pool }] of pools) {
      if (wanted.has(key)) continue
      pools.delete(key)
      pool.close().catch(() => undefined) // it was destroyed meanwhile
    }
    for (const upstream of upstreams) poolOf(upstream)
  }
  configure(policy)
  return {
    poolOf,
    configure,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()))
    },
  }
}

function keyOf({ url, connectMs, connectionsMax }: Upstream): string {
  return `${url} ${connectMs} ${connectionsMax}`
}

function openPool({ url, connectMs, connectionsMax }: Upstream): UpstreamPool {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, {
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    // Below the 5 s after which Node's own servers, and many others, close an idle connection.
    keepAliveTimeout: 4_000,
    connect: { timeout: connectMs, rejectUnauthorized: true },
    // The exchange keeps its deadlines itself: one sweep for all instead of a timer for each.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: responseHeadBytesMax,
  })
  return { pool, basePath: pathname === '/' ? '' : pathname.replace(/\/$/, '') }
}

/** Largest head of an upstream's answer. */
const responseHeadBytesMax = 65_536

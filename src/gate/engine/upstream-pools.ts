import type { Policy, Upstream } from '../../core/mod.ts'
import type { UpstreamClient } from './upstream-client.ts'
import type { ConnectorDeps } from './upstream-connector.ts'

/** One request that needs a connection. It enters once, and is `released` once when it was told to go. */
export interface PoolUser {
  /** Whose share it counts in while its body is being streamed; null where it is not. The pool clears it. */
  streamsFor: string | null
  /** Called once, perhaps within `enter`. */
  go(client: UpstreamClient, basePath: string): void
}

/** How connections to an upstream are made. */
export type OpenClient = (origin: string, upstream: Upstream, deps: ConnectorDeps) => UpstreamClient

export interface PoolDeps extends ConnectorDeps {
  readonly openClient: OpenClient
}

/**
 * Connections to one upstream, and the line of those who wait for one. The line is ours and not the client's, because nobody
 * can leave undici's: whoever gives up would lie in it, body and all, until a connection is free.
 */
export class UpstreamPool {
  readonly #client: UpstreamClient
  /** Path in the upstream's URL, put before every target; '' for none. */
  readonly #basePath: string
  readonly #connectionsMax: number
  /** Connections on which the bodies of one address may be streamed. */
  readonly #shareMax: number
  #used = 0
  readonly #line = new Set<PoolUser>()
  readonly #streams = new Map<string, number>()
  #serving = false
  #retired = false

  constructor(upstream: Upstream, deps: PoolDeps) {
    const { url, connectionsMax } = upstream
    const { origin, pathname } = new URL(url)
    this.#client = deps.openClient(origin, upstream, deps)
    this.#basePath = pathname === '/' ? '' : pathname.replace(/\/$/, '')
    this.#connectionsMax = connectionsMax
    this.#shareMax = Math.max(1, Math.floor(connectionsMax / 2))
  }

  /** Goes at once when it can, or when it can. */
  enter(user: PoolUser): void {
    // Everybody who is in the line has no connection or no share, so nobody is overtaken who could go.
    if (this.#canGo(user)) this.#send(user)
    else this.#line.add(user)
  }

  /** It waits no longer. */
  leave(user: PoolUser): void {
    this.#line.delete(user)
    this.#closeRetired()
  }

  /** Its body has gone out, or will not. */
  bodySent(user: PoolUser): void {
    if (user.streamsFor === null) return
    this.#endStream(user)
    this.#serve()
  }

  /** It needs its connection no longer. */
  released(user: PoolUser): void {
    this.#used--
    if (user.streamsFor !== null) this.#endStream(user)
    if (this.#line.size > 0) this.#serve()
    this.#closeRetired()
  }

  /** Why somebody in the line does not go. */
  whyBusy({ streamsFor }: PoolUser): string {
    if (this.#used >= this.#connectionsMax) return `pool busy: all ${this.#connectionsMax} connections were in use`
    return `pool busy: ${streamsFor} streamed bodies on its share of ${this.#shareMax} connections`
  }

  /** Closes when nobody needs it any more. */
  retire(): void {
    this.#retired = true
    this.#closeRetired()
  }

  /** Ends all connections; whoever uses or awaits one is told. */
  async destroy(): Promise<void> {
    await this.#client.destroy()
    this.#serve()
  }

  #canGo({ streamsFor }: PoolUser): boolean {
    if (this.#used >= this.#connectionsMax) return false
    return streamsFor === null || (this.#streams.get(streamsFor) ?? 0) < this.#shareMax
  }

  #send(user: PoolUser): void {
    const { streamsFor } = user
    this.#used++
    if (streamsFor !== null) this.#streams.set(streamsFor, (this.#streams.get(streamsFor) ?? 0) + 1)
    user.go(this.#client, this.#basePath)
  }

  #endStream(user: PoolUser): void {
    const address = user.streamsFor ?? ''
    const left = (this.#streams.get(address) ?? 1) - 1
    if (left === 0) this.#streams.delete(address)
    else this.#streams.set(address, left)
    user.streamsFor = null
  }

  /** Sends whoever can go, the first in the line first. */
  #serve(): void {
    if (this.#serving) return // a request that fails at once releases its connection here
    this.#serving = true
    for (const user of this.#line) {
      if (this.#used >= this.#connectionsMax) break
      if (!this.#canGo(user)) continue
      this.#line.delete(user)
      this.#send(user)
    }
    this.#serving = false
  }

  #closeRetired(): void {
    if (!this.#retired || this.#used > 0 || this.#line.size > 0) return
    this.#client.close()
  }
}

/** The pools of all upstreams, each with `connectionsMax` connections that are opened on demand. */
export interface UpstreamPools extends AsyncDisposable {
  poolOf(upstream: Upstream): UpstreamPool
  /** Pools that no longer appear finish their requests and close. */
  configure(policy: Pick<Policy, 'apis'>): void
}

export function openUpstreamPools(policy: Pick<Policy, 'apis'>, deps: PoolDeps): UpstreamPools {
  const pools = new Map<string, UpstreamPool>()
  // Found by the object, which is the same for all requests of a revision; the text key is made once for each.
  let known = new WeakMap<Upstream, UpstreamPool>()
  const poolOf = (upstream: Upstream): UpstreamPool => {
    const found = known.get(upstream)
    if (found !== undefined) return found
    const key = keyOf(upstream)
    const pool = pools.get(key) ?? new UpstreamPool(upstream, deps)
    pools.set(key, pool)
    known.set(upstream, pool)
    return pool
  }
  const configure = ({ apis }: Pick<Policy, 'apis'>): void => {
    const upstreams = apis.flatMap((api) => api.upstreams)
    const wanted = new Set(upstreams.map(keyOf))
    known = new WeakMap()
    for (const [key, pool] of pools) {
      if (wanted.has(key)) continue
      pools.delete(key)
      pool.retire()
    }
    for (const upstream of upstreams) poolOf(upstream)
  }
  configure(policy)
  return {
    poolOf,
    configure,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}

function keyOf({ url, tls, connectMs, connectionsMax }: Upstream): string {
  return `${url} ${connectMs} ${connectionsMax} ${JSON.stringify(tls)}`
}

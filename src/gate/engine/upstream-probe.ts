import type { Upstream } from '../../core/mod.ts'
import type { ForwardFailure } from './exchange.ts'
import type { ClientUser, UpstreamClient } from './upstream-client.ts'
import type { ConnectorDeps } from './upstream-connector.ts'
import { type PoolUser, UpstreamPool } from './upstream-pools.ts'
import { openSocketClient } from './strict/socket-client.ts'

/** What is asked. */
export interface ProbeRequest {
  /** Behind the path of the upstream's URL. */
  readonly path: string
  readonly timeoutMs: number
}

/**
 * Asks an upstream once, by a connection of its own that is made as those of requests are: the same TLS, the same names. Resolves
 * with the status, or with why there is none, within the time-out. Never rejects.
 */
export async function probeUpstream(
  upstream: Upstream,
  request: ProbeRequest,
  deps: ConnectorDeps,
): Promise<number | string> {
  const connectMs = Math.min(upstream.connectMs, request.timeoutMs)
  const pool = new UpstreamPool(
    { ...upstream, connectMs, connectionsMax: 1 },
    { ...deps, openClient: openSocketClient },
  )
  const user = new ProbeUser(upstream, request)
  const timer = setTimeout(() => user.late(), request.timeoutMs)
  pool.enter(user)
  try {
    return await user.outcome
  } finally {
    clearTimeout(timer)
    void pool.destroy() // a connection that is still being made ends at its own deadline
  }
}

class ProbeUser implements PoolUser, ClientUser {
  readonly streamsFor: null = null
  readonly outcome: Promise<number | string>
  readonly #settle: (outcome: number | string) => void
  readonly #host: string
  readonly #request: ProbeRequest

  constructor({ url }: Upstream, request: ProbeRequest) {
    const { promise, resolve } = Promise.withResolvers<number | string>()
    this.outcome = promise
    this.#settle = resolve
    this.#host = new URL(url).host
    this.#request = request
  }

  late(): void {
    this.#settle(`no answer within ${this.#request.timeoutMs} ms`)
  }

  go(client: UpstreamClient, basePath: string): void {
    const headers = ['host', this.#host, 'user-agent', 'gatehouse-health', 'accept', '*/*', 'connection', 'close']
    client.send({ method: 'GET', path: `${basePath}${this.#request.path}`, headers, body: null }, this)
  }

  onConnect(): void {}

  /** The status is all that is asked for. */
  onHead(status: number): boolean {
    this.#settle(status)
    return true
  }

  onData(): boolean {
    return true
  }

  onComplete(): void {}

  onFailed({ reason, note }: ForwardFailure): void {
    this.#settle(`${reason}: ${note}`)
  }
}

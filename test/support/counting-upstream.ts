import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An API that remembers who reached it. */
export interface CountingUpstream extends AsyncDisposable {
  readonly url: string
  /** The query of each request that reached it, without what follows the first `&`. */
  readonly reached: ReadonlySet<string>
}

export async function startCountingUpstream(): Promise<CountingUpstream> {
  const reached = new Set<string>()
  const server = createServer((request, response) => {
    reached.add(queryOf(request.url ?? ''))
    request.resume()
    response.end('{"ok":true}')
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on a port
  return {
    url: `http://127.0.0.1:${port}`,
    reached,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function queryOf(url: string): string {
  return /\?([^&]*)/.exec(url)?.[1] ?? ''
}

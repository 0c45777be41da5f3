import { createServer } from 'node:net'
import { GatehouseError, hasCode, messageOf } from '../core/mod.ts'

/**
 * Binds each address once without `reusePort`, so that a second Gatehouse, or anything else, cannot silently share it; and
 * turns port 0 into the number that the system gave. Throws `port_taken` with what to do.
 */
export async function probePorts(
  listeners: readonly { host: string; port: number }[],
): Promise<{ host: string; port: number }[]> {
  const probed: { host: string; port: number }[] = []
  for (const { host, port } of listeners) probed.push({ host, port: await probe(host, port) })
  return probed
}

function probe(host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer()
  server.once('error', (cause) => {
    const why = hasCode(cause, 'EADDRINUSE') ? 'something listens there already' : messageOf(cause)
    reject(
      new GatehouseError(
        'port_taken',
        `Cannot listen on ${host}:${port}: ${why}. Stop it, or choose another address with --listen or 'listen:'`,
        { cause },
      ),
    )
  })
  server.listen(port, host, () => {
    const address = server.address()
    server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : port))
  })
  return promise
}

import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { GatehouseError } from '../../core/mod.ts'
import type { Outbound } from '../../outbound/mod.ts'
import type { Sink } from './sink.ts'
import { hostnameOf, syslogFrame } from './syslog-frame.ts'

export interface SyslogOptions {
  /** `tls://host:port`, or, on this machine, `tcp://host:port`. */
  readonly url: string
  /** PEM of the authorities to trust instead of the public ones. */
  readonly ca: string | null
  /** Stands in each message as its host. */
  readonly node: string
  readonly outbound: Pick<Outbound, 'connectTcp' | 'connectTls'>
  /** How long a receiver that has taken everything may take to close its side. @default 2,000 */
  readonly closeMs?: number
}

const deadlineMs = 10_000
/** Longest time in which a receiver takes nothing. */
const idleMs = 10_000
/** A receiver that has read everything closes at once; one that keeps its side open has read what it wanted. */
const closeMsDefault = 2_000
/** What a receiver has read and not yet written to its disk, when it dies, nobody tells of. */
const doubtMs = 1_000

/**
 * Sends syslog over TLS (RFC 5425) or TCP (RFC 6587). Syslog has no acknowledgement: what was written to a socket may
 * still be lost with the connection. So each batch has a connection of its own, which counts as delivered when the receiver,
 * having read all of it, has closed its side in order; and the last batches are sent again when the receiver is then found to be away.
 */
export function openSyslogSink(options: SyslogOptions): Sink {
  const { url, ca, node, outbound, closeMs = closeMsDefault } = options
  const host = hostnameOf(node)
  const [, scheme = 'tls', name = '', port = ''] = /^(tls|tcp):\/\/(.+):(\d+)$/.exec(url) ?? []
  const to = { host: name, port: Number(port), named: 'operator', deadlineMs } as const
  return {
    doubtMs,
    deliver: async (batch, signal) => {
      const bytes = Buffer.concat(batch.map((item) => syslogFrame(item, host)))
      const socket =
        scheme === 'tcp'
          ? await outbound.connectTcp({ ...to, use: 'clear' })
          : await outbound.connectTls({ ...to, ca: ca ?? undefined })
      const end = await sendAll(socket, bytes, { signal, closeMs })
      const took = `${batch.length} ${batch.length === 1 ? 'message' : 'messages'}, ${bytes.length} bytes`
      return { kind: 'delivered', answer: end === 'closed' ? `took ${took}` : `took ${took}, and keeps its side open` }
    },
  }
}

/** Resolves when all was taken and the receiver closed, or did not within its time; throws when the connection broke. */
async function sendAll(
  socket: Socket,
  bytes: Uint8Array,
  { signal, closeMs }: { readonly signal: AbortSignal; readonly closeMs: number },
): Promise<'closed' | 'open'> {
  const { promise, resolve, reject } = Promise.withResolvers<'closed' | 'open'>()
  const broke = (why: string, cause?: unknown): void =>
    reject(new GatehouseError('unreachable', `The syslog receiver broke off: ${why}`, { cause }))
  let closing: NodeJS.Timeout | null = null
  let sent = false
  const stop = (): void => broke('Gatehouse is closing')
  socket.on('error', (error) => broke(error.message, error))
  socket.on('timeout', () => broke('it took nothing for too long'))
  // An end before all was taken is none in order.
  socket.on('close', () => (sent ? resolve('closed') : broke('it closed the connection')))
  socket.on('end', () => (sent ? resolve('closed') : broke('it closed the connection')))
  socket.setTimeout(idleMs)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  socket.resume()
  socket.end(bytes, () => {
    sent = true
    closing = setTimeout(() => resolve('open'), closeMs)
  })
  try {
    return await promise
  } finally {
    if (closing !== null) clearTimeout(closing)
    signal.removeEventListener('abort', stop)
    socket.destroy()
  }
}

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createApp } from './app.ts'
import type { AppOptions, Door } from './app-options.ts'
import { openSocketDoor, openTcpDoor } from './doors.ts'
import { type LivePace, livePace } from './live-stream.ts'
import { problemOf, problems, type ProblemCode, problemType } from './problem.ts'

export interface AdminOptions extends Omit<AppOptions, 'live' | 'signal' | 'onDefect'> {
  /** Where it listens for those who have the token; loopback only. Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number }
  /** The socket for those who may enter its folder, which needs no token. */
  readonly socketPath: string
  /** @default livePace */
  readonly live?: Partial<LivePace>
  /** Told of errors that nobody expected; the caller gets no detail of them. @default nobody */
  readonly onDefect?: (error: unknown) => void
}

/** The admin API while it is open. Closing ends live streams at once and gives requests in work a second. */
export interface Admin extends AsyncDisposable {
  /** `http://127.0.0.1:8090` */
  readonly url: string
}

/** Serves the admin API at both doors. Throws `port_taken`, or `conflict` when another desk has the socket. */
export async function openAdmin(options: AdminOptions): Promise<Admin> {
  const closing = new AbortController()
  const onDefect = options.onDefect ?? ((): void => {})
  const app = createApp({ ...options, live: { ...livePace, ...options.live }, onDefect, signal: closing.signal })
  const serve = (door: Door): RequestListener => {
    const listener = getRequestListener((request, env) => app.fetch(request, { ...env, door }), {
      overrideGlobalObjects: false,
      errorHandler: () => refuse('invalid_request', 'The request target or the host is malformed'),
    })
    return (incoming, outgoing) => void listener(incoming, outgoing)
  }

  await using opened = new AsyncDisposableStack()
  opened.use(await openSocketDoor(options.socketPath, serve('socket')))
  const { host } = options.listen
  const guard = { listener: serve('tcp'), hosts: new Set<string>() }
  const tcp = opened.use(await openTcpDoor(options.listen, (incoming, outgoing) => guarded(guard, incoming, outgoing)))
  for (const name of ['127.0.0.1', 'localhost', '[::1]'])
    guard.hosts.add(tcp.port === 80 ? name : `${name}:${tcp.port}`)
  const doors = opened.move()
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${tcp.port}`,
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await doors.disposeAsync()
    },
  }
}

interface Guard {
  readonly listener: RequestListener
  readonly hosts: ReadonlySet<string>
}

/**
 * A page of another site whose name was made to point here (DNS rebinding) speaks to us under that name: only the names
 * of loopback itself are answered, before anything else is looked at.
 */
function guarded({ listener, hosts }: Guard, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (hosts.has((incoming.headers.host ?? '').toLowerCase())) return listener(incoming, outgoing)
  const problem = problemOf('host_mismatch', 'The admin API answers to the names and addresses of loopback only')
  outgoing.writeHead(problem.status, { 'content-type': problemType, 'cache-control': 'no-store', connection: 'close' })
  outgoing.end(JSON.stringify(problem))
}

function refuse(code: ProblemCode, detail: string): Response {
  return new Response(JSON.stringify(problemOf(code, detail)), {
    status: problems[code].status,
    headers: { 'content-type': problemType, 'cache-control': 'no-store', connection: 'close' },
  })
}

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createApp } from './app.ts'
import type { AppOptions, Door } from './app-options.ts'
import type { DoorTls } from './door-tls.ts'
import { openSocketDoor, openTcpDoor } from './doors.ts'
import { type LivePace, livePace } from './live-stream.ts'
import { problemOf, problems, type ProblemCode, problemType } from './problem.ts'

export interface AdminOptions extends Omit<AppOptions, 'live' | 'signal' | 'onDefect' | 'url'> {
  /** Where it listens for those who have the token or a session. Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Names by which it is reached, beside loopback's and the address that it listens on. @default none */
  readonly hosts?: readonly string[]
  /** Certificate and key; without them it listens on loopback only. @default null */
  readonly tls?: DoorTls | null
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
  const { listen, hosts = [], tls = null } = options
  const place = { url: '' }
  const app = createApp({
    ...options,
    live: { ...livePace, ...options.live },
    url: () => place.url,
    onDefect,
    signal: closing.signal,
  })
  const serve = (door: Door): RequestListener => {
    const secure = door === 'tcp' && tls !== null
    const listener = getRequestListener((request, env) => app.fetch(request, { ...env, door, secure }), {
      overrideGlobalObjects: false,
      errorHandler: () => refuse('invalid_request', 'The request target or the host is malformed'),
    })
    return (incoming, outgoing) => void listener(incoming, outgoing)
  }

  await using opened = new AsyncDisposableStack()
  opened.use(await openSocketDoor(options.socketPath, serve('socket')))
  const guard = { listener: serve('tcp'), names: new Set<string>() }
  const tcp = opened.use(
    await openTcpDoor({ listen, tls, onFault: onDefect }, (incoming, outgoing) => guarded(guard, incoming, outgoing)),
  )
  const own = ownNames(listen.host, hosts)
  const standardPort = tls === null ? 80 : 443
  const suffix = tcp.port === standardPort ? '' : `:${tcp.port}`
  for (const name of own) guard.names.add(`${name}${suffix}`)
  // A name that was configured is the one that a certificate is for.
  place.url = `${tls === null ? 'http' : 'https'}://${own[0] ?? listen.host}${suffix}`
  const doors = opened.move()
  return {
    url: place.url,
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await doors.disposeAsync()
    },
  }
}

/** Every name by which it may be asked, the one to tell people first. */
function ownNames(host: string, hosts: readonly string[]): readonly string[] {
  const listened = host === '0.0.0.0' || host === '::' ? [] : [host.includes(':') ? `[${host}]` : host]
  return [...hosts.map((name) => name.toLowerCase()), ...listened, '127.0.0.1', 'localhost', '[::1]']
}

interface Guard {
  readonly listener: RequestListener
  readonly names: ReadonlySet<string>
}

/**
 * A page of another site whose name was made to point here (DNS rebinding) speaks to us under that name: only our own names are
 * answered, before anything else is looked at.
 */
function guarded({ listener, names }: Guard, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (names.has((incoming.headers.host ?? '').toLowerCase())) return listener(incoming, outgoing)
  const detail = 'The admin API answers to the names of loopback and to those in admin.hosts only'
  const problem = problemOf('host_mismatch', detail)
  outgoing.writeHead(problem.status, { 'content-type': problemType, 'cache-control': 'no-store', connection: 'close' })
  outgoing.end(JSON.stringify(problem))
}

function refuse(code: ProblemCode, detail: string): Response {
  return new Response(JSON.stringify(problemOf(code, detail)), {
    status: problems[code].status,
    headers: { 'content-type': problemType, 'cache-control': 'no-store', connection: 'close' },
  })
}

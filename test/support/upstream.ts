import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An API that behaves as its path says, for tests. */
export interface Upstream extends AsyncDisposable {
  readonly url: string
  /** Requests that reached it. */
  readonly seen: number
}

/** `/ok`, `/echo`, `/big` (1 MiB), `/chunks`, `/trickle`, `/reset` (midway), `/cut` (before the head), `/stall`, `/slow` (200 ms). */
export async function startUpstream(): Promise<Upstream> {
  let seen = 0
  const server = createServer((request, response) => {
    seen++
    play(request, response)
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    get seen() {
      return seen
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const big = Buffer.alloc(1024 * 1024, 'x')

function play(request: IncomingMessage, response: ServerResponse): void {
  const kind = (request.url ?? '').split(/[/?]/)[2] ?? ''
  request.on('error', () => response.destroy())
  switch (kind) {
    case 'echo':
      response.writeHead(200)
      request.pipe(response)
      return
    case 'big':
      response.end(big)
      return
    case 'chunks':
      response.write('one')
      response.write('two')
      response.end('three')
      return
    case 'trickle':
      trickle(response, 5)
      return
    case 'reset':
      response.writeHead(200, { 'content-length': '200000' })
      response.write(Buffer.alloc(100_000, 'r'))
      setTimeout(() => response.destroy(), 5)
      return
    case 'cut':
      request.socket.destroy()
      return
    case 'stall':
      return
    case 'slow':
      setTimeout(() => response.end('slow'), 200)
      return
    default:
      request.resume()
      response.setHeader('content-type', 'application/json')
      response.end('{"ok":true}')
  }
}

function trickle(response: ServerResponse, left: number): void {
  if (response.destroyed) return
  if (left === 0) return void response.end()
  response.write(`${left}\n`)
  setTimeout(() => trickle(response, left - 1), 60)
}

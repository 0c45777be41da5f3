/**
 * Program: the least that forwards HTTP rightly on this runtime: `node:http` in, undici's `Pool.dispatch` out, bodies
 * streamed with back-pressure both ways, hop-by-hop fields removed. No key, no limit, no record. Arguments: port, upstream.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'

const [port, upstream] = process.argv.slice(2)
const pool = new Pool(upstream ?? '', { connections: 128, pipelining: 1, keepAliveTimeout: 600_000 })
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const { method = 'GET', url = '/' } = request
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0'
  pool.dispatch(
    // undici knows every method that node:http lets pass.
    {
      method,
      path: url,
      headers: forwarded(request.rawHeaders),
      body: hasBody ? request : null,
    },
    answering(request, response),
  )
}).listen(Number(port), '127.0.0.1')

function forwarded(raw: readonly string[]): string[] {
  const headers: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (!hopByHop.has(name.toLowerCase())) headers.push(name, raw[i + 1] ?? '')
  }
  return headers
}

function answering(request: IncomingMessage, response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller) => {
      response.once('close', () => {
        if (!response.writableFinished) controller.abort(new Error('The client went away'))
      })
    },
    onResponseStart: (controller, status, headers) => {
      const out: string[] = []
      for (const name in headers) {
        const value = headers[name]
        if (value === undefined || hopByHop.has(name)) continue
        if (typeof value === 'string') out.push(name, value)
        else for (const one of value) out.push(name, one)
      }
      response.writeHead(status, out)
      response.on('drain', () => controller.resume())
    },
    onResponseData: (controller, chunk) => {
      if (!response.write(chunk)) controller.pause()
    },
    onResponseEnd: () => {
      response.end()
    },
    onResponseError: (_controller, error) => {
      if (response.headersSent || request.destroyed) response.destroy(error)
      else response.writeHead(502).end()
    },
  }
}

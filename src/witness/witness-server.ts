import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { Witness, WitnessAnswer } from './witness.ts'

export interface WitnessServerOptions {
  readonly witness: Witness
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** Told of every answer: a log that is refused is something to look at. */
  readonly onAnswer: (status: number, body: string) => void
}

/** Serves one witness over HTTP: `POST /add-checkpoint`, `GET /<sha256 of the origin>/checkpoint`. */
export interface WitnessServer extends AsyncDisposable {
  readonly port: number
}

/** A checkpoint with 100 signatures and a whole proof is far below. */
const bodyBytesMax = 64 * 1024
const requestMsMax = 10_000
const connectionsMax = 256

/** Listens when it returns. TLS is for a proxy before it: what it says is signed. */
export async function openWitnessServer(options: WitnessServerOptions): Promise<WitnessServer> {
  const server = createServer((request, response) => {
    void serve(request, response, options)
  })
  server.requestTimeout = requestMsMax
  server.headersTimeout = requestMsMax
  server.maxConnections = connectionsMax
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const address = server.address()
  // A string is the path of a socket, on which it does not listen.
  const port = address === null || typeof address === 'string' ? options.port : address.port
  return { port, [Symbol.asyncDispose]: async () => await close(server) }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

async function serve(request: IncomingMessage, response: ServerResponse, options: WitnessServerOptions): Promise<void> {
  const { onAnswer } = options
  let answer: WitnessAnswer
  try {
    answer = await answerTo(request, options.witness)
  } catch {
    // Of what failed here nothing was cosigned; the reason is for the operator, and he sees the status.
    answer = plain(500, 'the witness cannot read or write its folder\n')
  }
  onAnswer(answer.status, answer.body)
  // What is left of a body is not waited for.
  if (!request.complete) response.setHeader('connection', 'close')
  response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body)
}

const plain = (status: number, body: string): WitnessAnswer => ({ status, body, type: 'text/plain; charset=utf-8' })

async function answerTo(request: IncomingMessage, witness: Witness): Promise<WitnessAnswer> {
  const path = request.url ?? '/'
  if (path === '/add-checkpoint') {
    if (request.method !== 'POST') return plain(405, 'POST is the method of add-checkpoint\n')
    const body = await bodyOf(request)
    return body === null ? plain(413, `a request has at most ${bodyBytesMax} bytes\n`) : witness.add(body)
  }
  const [, originHash] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(path) ?? []
  const found = originHash === undefined ? null : witness.checkpoint(originHash)
  return found === null ? plain(404, 'nothing here\n') : plain(200, found)
}

/** Null for a body that is too long. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  // A stream of bytes without an encoding gives buffers.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

import { type IncomingMessage, type RequestOptions, request as send } from 'node:http'
import { request as sendSecurely } from 'node:https'
import { join } from 'node:path'
import { GatehouseError, hasCode } from '../core/mod.ts'

/** The admin API as the verbs use it. */
export interface AdminClient {
  get(path: string): Promise<unknown>
  /** An answer that is no JSON, as it is. */
  text(path: string): Promise<string>
  post(path: string, body: unknown): Promise<unknown>
  patch(path: string, body: unknown): Promise<unknown>
  put(path: string, body: unknown): Promise<unknown>
  delete(path: string): Promise<unknown>
  /** The live stream; ends when the server ends it or `signal` fires. */
  stream(path: string, signal: AbortSignal): AsyncIterable<{ event: string; data: string }>
}

export interface AdminTarget {
  /** The local socket's folder; used when there is no URL. */
  readonly dataDir: string
  /** A remote admin API, with its token. */
  readonly url: string | null
  readonly token: string | null
}

const answerMs = 15_000
const answerBytesMax = 64 * 1024 * 1024

/** Speaks to the socket in the data folder, whose permissions are the authorization, or to a URL with a token. */
export function openAdminClient(target: AdminTarget): AdminClient {
  const ask = async (method: string, path: string, body?: unknown): Promise<string> => {
    const text = body === undefined ? null : JSON.stringify(body)
    const response = await open(target, { method, path, text, signal: AbortSignal.timeout(answerMs) })
    const answer = await textOf(response)
    const status = response.statusCode ?? 0
    if (status >= 400) throw errorOf(status, parsed(answer))
    return answer
  }
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> =>
    parsed(await ask(method, path, body))
  return {
    get: (path) => call('GET', path),
    text: (path) => ask('GET', path),
    post: (path, body) => call('POST', path, body),
    patch: (path, body) => call('PATCH', path, body),
    put: (path, body) => call('PUT', path, body),
    delete: (path) => call('DELETE', path),
    stream: (path, signal) => events(target, path, signal),
  }
}

interface Call {
  readonly method: string
  readonly path: string
  readonly text: string | null
  readonly signal: AbortSignal
}

function open(target: AdminTarget, { method, path, text, signal }: Call): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers: Record<string, string | number> = { accept: 'application/json, text/event-stream' }
  if (target.token !== null) headers['authorization'] = `Bearer ${target.token}`
  if (text !== null)
    Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  const socketPath = join(target.dataDir, 'admin.sock')
  const to = target.url === null ? { socketPath, path, host: 'localhost' } : urlParts(target.url, path)
  const options = { ...to, method, headers, signal }
  const outgoing = options.protocol === 'https:' ? sendSecurely(options) : send(options)
  outgoing.on('response', resolve)
  outgoing.on('error', (cause) => {
    const where = target.url ?? socketPath
    const hint = hasCode(cause, 'ENOENT') || hasCode(cause, 'ECONNREFUSED') ? '. Is `gatehouse up` running here?' : ''
    reject(
      new GatehouseError('unreachable', `Cannot reach the admin API at ${where}${hint} (${cause.message})`, { cause }),
    )
  })
  outgoing.end(text ?? undefined)
  return promise
}

/** The token goes over TLS, whose certificate is verified, or does not leave this machine. */
function urlParts(base: string, path: string): RequestOptions {
  if (!URL.canParse(base))
    throw new GatehouseError(
      'invalid_argument',
      `Cannot use '${base}': --url takes a URL such as http://127.0.0.1:8090`,
    )
  const url = new URL(path, base)
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) {
    throw new GatehouseError(
      'invalid_argument',
      `Cannot use '${base}': beyond loopback the admin API speaks https only`,
    )
  }
  const { protocol, port, pathname, search } = url
  return { protocol, host: url.hostname.replaceAll(/[[\]]/g, ''), port, path: pathname + search }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) {
    text += String(chunk)
    if (text.length > answerBytesMax)
      throw new GatehouseError('unreachable', 'The admin API answered with more than 64 MiB')
  }
  return text
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function errorOf(status: number, answer: unknown): GatehouseError {
  const detail =
    typeof answer === 'object' && answer !== null && 'detail' in answer ? String(answer.detail) : String(answer)
  if (status === 401 || status === 403)
    return new GatehouseError('not_allowed', `${detail}: set GATEHOUSE_TOKEN to the admin token`)
  if (status === 404) return new GatehouseError('not_found', detail)
  if (status === 409) return new GatehouseError('conflict', detail)
  if (status === 400 || status === 422) return new GatehouseError('invalid_argument', detail)
  return new GatehouseError('unreachable', `The admin API answered ${status}: ${detail}`)
}

/** Parses `text/event-stream` as the WHATWG HTML standard says, as far as our server uses it. */
async function* events(
  target: AdminTarget,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<{ event: string; data: string }> {
  const response = await open(target, { method: 'GET', path, text: null, signal })
  const status = response.statusCode ?? 0
  if (status >= 400) throw errorOf(status, parsed(await textOf(response)))
  response.setEncoding('utf8')
  let pending = ''
  try {
    for await (const chunk of response) {
      pending += String(chunk)
      for (let end = pending.indexOf('\n\n'); end >= 0; end = pending.indexOf('\n\n')) {
        const message = messageOf(pending.slice(0, end))
        pending = pending.slice(end + 2)
        if (message !== null) yield message
      }
    }
  } catch (cause) {
    if (signal.aborted) return
    throw new GatehouseError('unreachable', 'The live stream broke off', { cause })
  }
}

function messageOf(block: string): { event: string; data: string } | null {
  let event = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim()
    if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
  }
  return data.length === 0 ? null : { event, data: data.join('\n') }
}

import { type IncomingMessage, request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The text as JSON; null when it is none. */
  readonly body: unknown
}

export interface Call {
  /** By which door; over TCP with the token unless `headers` say otherwise. @default 'tcp' */
  readonly door?: 'tcp' | 'socket'
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown
  /** An empty one takes a header away. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface Client {
  call(method: string, path: string, call?: Call): Promise<Answer>
  /** Opens a response and leaves reading it to the test. */
  open(method: string, path: string, call?: Call): Promise<IncomingMessage>
}

/** Speaks to both doors, each call on a connection of its own. */
export function clientOf({ url, socketPath, token }: { url: string; socketPath: string; token: string }): Client {
  const { port, host } = new URL(url)
  const open: Client['open'] = (method, path, { door = 'tcp', body, headers = {} } = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const to = door === 'tcp' ? { host: '127.0.0.1', port } : { socketPath }
    const own: Record<string, string> = { host }
    if (door === 'tcp') own['authorization'] = `Bearer ${token}`
    if (text !== undefined)
      Object.assign(own, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    const sent = Object.entries({ ...own, ...headers }).filter(([, value]) => value !== '')
    const outgoing = request({ ...to, method, path, headers: Object.fromEntries(sent), agent: false })
    outgoing.on('response', resolve).on('error', reject)
    outgoing.end(text)
    return promise
  }
  return {
    open,
    call: async (method, path, call) => {
      const response = await open(method, path, call)
      response.setEncoding('utf8')
      let text = ''
      for await (const chunk of response) text += String(chunk)
      return { status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) }
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** One message of an event stream. */
export interface Message {
  readonly event: string
  readonly id: string
  readonly data: unknown
}

/** The messages of an event stream, and its comments as messages with the event ''. */
export async function* messagesOf(response: IncomingMessage): AsyncGenerator<Message> {
  response.setEncoding('utf8')
  let pending = ''
  for await (const chunk of response) {
    const blocks = (pending + String(chunk)).split('\n\n')
    pending = blocks.pop() ?? ''
    for (const block of blocks) yield messageOf(block)
  }
}

function messageOf(block: string): Message {
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
  const data: unknown = JSON.parse(field('data') || 'null')
  return { event: field('event'), id: field('id'), data }
}

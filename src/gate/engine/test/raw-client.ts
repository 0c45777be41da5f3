import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** One answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number
  /** Lower-case names; repeated fields joined with a comma. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** False: the connection ended before the framing did. */
  readonly whole: boolean
}

/** A client that speaks bytes, so that it can say what no HTTP client would. */
export class RawClient {
  readonly socket: Socket
  #received = ''
  #ended = false
  #reset = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#received += text
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') this.#reset = true
    })
    socket.on('close', () => {
      this.#ended = true
    })
  }

  static async open(port: number, options: { readonly pauseOnConnect?: boolean } = {}): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const client = new RawClient(socket)
    if (options.pauseOnConnect === true) socket.pause()
    await once(socket, 'connect')
    return client
  }

  get received(): string {
    return this.#received
  }

  get ended(): boolean {
    return this.#ended
  }

  get wasReset(): boolean {
    return this.#reset
  }

  send(bytes: string | Uint8Array): this {
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1')
    else this.socket.write(bytes)
    return this
  }

  /** The answers so far, in order; `methods` says which were asked with HEAD. */
  answers(methods: readonly string[] = []): WireAnswer[] {
    return readAnswers(this.#received, methods, this.#ended)
  }

  /** Waits until so many whole answers are here, or the connection has ended. */
  async whenAnswered(count = 1, methods: readonly string[] = []): Promise<WireAnswer[]> {
    await until(() => this.#ended || this.answers(methods).filter(({ whole }) => whole).length >= count)
    return this.answers(methods)
  }

  async whenEnded(methods: readonly string[] = []): Promise<WireAnswer[]> {
    await until(() => this.#ended)
    return this.answers(methods)
  }

  async whenReceived(text: string): Promise<void> {
    await until(() => this.#received.includes(text) || this.#ended)
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** Waits for something that must come about; bounded, with room for a busy machine. */
export async function until(isSo: () => boolean, withinMs = 15_000): Promise<void> {
  const endMs = performance.now() + withinMs
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`Waited ${withinMs} ms for: ${isSo.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function readAnswers(text: string, methods: readonly string[], ended: boolean): WireAnswer[] {
  const answers: WireAnswer[] = []
  let at = 0
  while (at < text.length) {
    const headEnd = text.indexOf('\r\n\r\n', at)
    if (headEnd === -1) break
    const [line = '', ...fields] = text.slice(at, headEnd).split('\r\n')
    const headers = new Map<string, string>()
    for (const field of fields) {
      const colon = field.indexOf(':')
      const name = field.slice(0, colon).toLowerCase()
      const value = field.slice(colon + 1).trim()
      headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value)
    }
    const status = Number(line.split(' ')[1])
    const framed = readBody(text, {
      from: headEnd + 4,
      status,
      headers,
      ended,
      headOnly: methods[answers.length] === 'HEAD',
    })
    at = framed.end
    if (status >= 200) answers.push({ status, headers, body: framed.body, whole: framed.whole })
  }
  return answers
}

interface Framing {
  readonly from: number
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly ended: boolean
  readonly headOnly: boolean
}

function readBody(
  text: string,
  { from, status, headers, ended, headOnly }: Framing,
): { body: string; end: number; whole: boolean } {
  if (headOnly || status < 200 || status === 204 || status === 304) return { body: '', end: from, whole: true }
  const length = headers.get('content-length')
  if (length !== undefined) {
    const end = from + Number(length)
    return { body: text.slice(from, end), end: Math.min(end, text.length), whole: text.length >= end }
  }
  if (headers.get('transfer-encoding') !== 'chunked') return { body: text.slice(from), end: text.length, whole: ended }
  let body = ''
  let at = from
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd === -1) return { body, end: text.length, whole: false }
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (size === 0) return { body, end: lineEnd + 4, whole: text.length >= lineEnd + 4 }
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
    if (at > text.length) return { body, end: text.length, whole: false }
  }
}

/** Waits until a number has stayed the same for a while. */
export async function whenStill(valueOf: () => number): Promise<number> {
  let last = valueOf()
  let rounds = 0
  await until(() => {
    const value = valueOf()
    rounds = value === last ? rounds + 1 : 0
    last = value
    return rounds >= 20
  }, 30_000)
  return last
}

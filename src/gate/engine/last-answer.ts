import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { headerValue } from '../../core/mod.ts'
import type { Answer, Delivery } from './exchange.ts'

export interface LastAnswerOptions {
  /** A HEAD request: everything but the body. */
  readonly headOnly: boolean
  /** Longest time in which the client takes not one byte. */
  readonly clientIdleMs: number
  /** Wall time, for the `date` field. */
  readonly nowMs: number
}

/**
 * Writes the last answer of a connection on the bare socket, for requests that were not read to their end or never became
 * one. Then half-closes and reads on for a moment: closing while bytes of the client wait unread would reset the connection,
 * and the client could lose the answer that tells it why (RFC 9112 section 9.6).
 */
export function sendLastAnswer(socket: Socket, answer: Answer, options: LastAnswerOptions): Promise<Delivery> {
  const { promise, resolve } = Promise.withResolvers<Delivery>()
  if (!socket.writable) {
    resolve({ delivered: false, reason: 'client_abort', bytes: 0, begun: false })
    return promise
  }
  const body = options.headOnly ? [] : answer.body
  const bytes = lengthOf(body)
  let tooSlow = false
  socket.setTimeout(options.clientIdleMs, () => {
    tooSlow = true
    socket.destroy()
  })
  socket.once('close', () => {
    resolve({ delivered: false, reason: tooSlow ? 'client_too_slow' : 'client_abort', bytes, begun: true })
  })
  socket.cork()
  socket.write(headOf(answer, options.nowMs), 'latin1')
  for (const chunk of body) socket.write(chunk)
  socket.end(() => {
    resolve({ delivered: true, reason: null, bytes, begun: true })
    const linger = setTimeout(() => socket.destroy(), lingerMs).unref()
    socket.once('close', () => clearTimeout(linger))
  })
  return promise
}

/** How long a client may take to read its last answer and close. */
const lingerMs = 1_000

/** Bytes of a body. */
export function lengthOf(body: readonly Uint8Array[]): number {
  let bytes = 0
  for (const chunk of body) bytes += chunk.length
  return bytes
}

/** Statuses whose answers have no body and no length (RFC 9110 section 6.4.1). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304
}

// As strict as Node: what an upstream put into a field can neither end the head nor break the line.
const sendable = /^[\t\u0020-\u007e\u0080-\u00ff]*$/

function headOf({ status, headers, body }: Answer, nowMs: number): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] ?? ''
    if (sendable.test(value)) head += `${headers[i]}: ${value}\r\n`
  }
  if (headerValue(headers, 'date') === null) head += `date: ${new Date(nowMs).toUTCString()}\r\n`
  if (!isBodiless(status)) head += `content-length: ${lengthOf(body)}\r\n`
  return `${head}connection: close\r\n\r\n`
}

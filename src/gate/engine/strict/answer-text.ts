import { STATUS_CODES } from 'node:http'

/**
 * The head of an answer as it goes out, the empty line included; null where a field cannot be sent: what an upstream or a
 * configuration put into it could end the head.
 */
export function answerHead(
  status: number,
  headers: readonly string[],
  { framing, date }: { readonly framing: string; readonly date: string },
): string | null {
  let head = statusLine(status)
  let isDated = false
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (!sendable.test(value) || !token.test(name)) return null
    if (name === 'date') isDated = true
    head += `${name}: ${value}\r\n`
  }
  return `${head}${isDated ? '' : date}${framing}\r\n`
}

const sendable = /^[\t\u0020-\u007e\u0080-\u00ff]*$/
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

const statusLines: string[] = []

function statusLine(status: number): string {
  const known = statusLines[status]
  if (known !== undefined) return known
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`
  statusLines[status] = line
  return line
}

let dateSecond = -1
let dateLine = ''

/** The `date` field of this second (RFC 9110 section 6.6.1). */
export function dateField(nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateLine = `date: ${new Date(nowMs).toUTCString()}\r\n`
  }
  return dateLine
}

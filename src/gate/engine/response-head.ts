import { util } from 'undici'
import { hopByHop } from './field-names.ts'

/** The fields of an upstream's answer that go on to the client. */
export interface ResponseHead {
  /** Names in lower case; without hop-by-hop fields and `content-length`. */
  readonly headers: readonly string[]
  /** The declared length; null when there is none. */
  readonly contentLength: number | null
}

/**
 * Reads the fields as undici has them, name and value in turn. Values are taken byte by byte (latin1), so that what is not
 * ASCII passes unchanged.
 */
export function readResponseHead(raw: readonly Buffer[]): ResponseHead {
  const headers: string[] = []
  let contentLength: number | null = null
  let connection = ''
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = util.headerNameToString(raw[i] ?? '')
    const value = raw[i + 1]?.toString('latin1') ?? ''
    if (name === 'content-length') contentLength = Number(value)
    else if (name === 'connection') connection += `,${value}`
    else if (!hopByHop.has(name)) headers.push(name, value)
  }
  return { headers: namesOnlyNeighbours(connection) ? headers : withoutNamed(headers, connection), contentLength }
}

function namesOnlyNeighbours(connection: string): boolean {
  return connection === '' || connection === ',keep-alive' || connection === ',close'
}

function withoutNamed(headers: readonly string[], connection: string): string[] {
  const named = new Set(connection.split(',').map((token) => token.trim().toLowerCase()))
  return headers.filter((_, index) => !named.has(headers[index & ~1] ?? ''))
}

/**
 * A load that does not wait for its answers: requests leave at a steady rate, each at its own moment, over a fixed number of
 * connections, and a latency counts from the moment at which the request was due. So a gateway that stands still for a second
 * pays for that second. Plain sockets, one request at a time on each, so that the load costs less than what it measures.
 * `node paced.ts '<options as JSON>'` prints one line of JSON for every part of the run.
 */
import { connect, type Socket } from 'node:net'

export interface PacedOptions {
  readonly port: number
  /** Whole request heads, sent in turn. */
  readonly heads: readonly string[]
  readonly perSecond: number
  readonly connections: number
  readonly seconds: number
  /** How long a part of the run is. */
  readonly partSeconds: number
}

/** What one part of the run saw. */
export interface PacedPart {
  readonly sent: number
  readonly answered: number
  /** Answers by their status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Requests that found no free connection in time, and connections that broke. */
  readonly failed: number
  readonly p50Us: number
  readonly p99Us: number
  readonly maxUs: number
}

interface Answer {
  readonly status: string
  /** No further request may be sent on its connection. */
  readonly closes: boolean
}

interface Line {
  readonly socket: Socket
  dueMs: number | null
  pending: string
}

const waitingMax = 20_000
const tickMs = 1

await run(JSON.parse(process.argv[2] ?? '{}') as PacedOptions) // written by who started us

async function run(options: PacedOptions): Promise<void> {
  const { port, heads, perSecond, connections, seconds, partSeconds } = options
  const free: Line[] = []
  const waiting: { dueMs: number; head: string }[] = []
  let part = emptyPart()
  let parts = 0
  const send = (line: Line, { dueMs, head }: { dueMs: number; head: string }): void => {
    line.dueMs = dueMs
    line.socket.write(head, 'latin1')
  }
  const answered = (line: Line, { status, closes }: Answer): void => {
    part.latenciesUs.push(Math.round((performance.now() - (line.dueMs ?? 0)) * 1000))
    part.statuses[status] = (part.statuses[status] ?? 0) + 1
    line.dueMs = null
    if (closes) {
      line.socket.destroy() // the next one takes its place
      return
    }
    const next = waiting.shift()
    if (next === undefined) free.push(line)
    else send(line, next)
  }
  const open = (): void => {
    const line: Line = { socket: connect({ port, host: '127.0.0.1', noDelay: true }), dueMs: null, pending: '' }
    line.socket.setEncoding('latin1')
    line.socket.on('connect', () => {
      const next = waiting.shift()
      if (next === undefined) free.push(line)
      else send(line, next)
    })
    line.socket.on('data', (text: string) => read(line, text, answered))
    line.socket.on('error', () => line.socket.destroy())
    line.socket.on('close', () => {
      if (line.dueMs !== null) part.failed++
      const at = free.indexOf(line)
      if (at >= 0) free.splice(at, 1)
      if (!over) open()
    })
  }
  let over = false
  for (let i = 0; i < connections; i++) open()
  await pause(300)
  const startMs = performance.now()
  let count = 0
  for (let tick = 0; !over; tick++) {
    const nowMs = performance.now()
    const due = Math.min((nowMs - startMs) * (perSecond / 1000), perSecond * seconds)
    for (; count < due; count++) {
      const request = { dueMs: startMs + (count * 1000) / perSecond, head: heads[count % heads.length] ?? '' }
      const line = free.pop()
      part.sent++
      if (line !== undefined) send(line, request)
      else if (waiting.length < waitingMax) waiting.push(request)
      else part.failed++
    }
    if (nowMs - startMs >= (parts + 1) * partSeconds * 1000) {
      parts++
      process.stdout.write(`${JSON.stringify(partOf(part))}\n`)
      part = emptyPart()
    }
    over = nowMs - startMs > seconds * 1000 + 500
    await pause(tickMs)
  }
  process.exit(0)
}

/** Answers with a content-length, one at a time. */
function read(line: Line, text: string, answered: (line: Line, answer: Answer) => void): void {
  line.pending += text
  const headEnd = line.pending.indexOf('\r\n\r\n')
  if (headEnd < 0) return
  const length = /\r\ncontent-length: (\d+)/i.exec(line.pending.slice(0, headEnd))?.[1]
  if (length === undefined || line.pending.length < headEnd + 4 + Number(length)) return
  const answer = {
    status: line.pending.slice(9, 12),
    closes: /\r\nconnection: close/i.test(line.pending.slice(0, headEnd)),
  }
  line.pending = ''
  answered(line, answer)
}

interface OpenPart {
  sent: number
  failed: number
  readonly statuses: Record<string, number>
  readonly latenciesUs: number[]
}

function emptyPart(): OpenPart {
  return { sent: 0, failed: 0, statuses: {}, latenciesUs: [] }
}

function partOf({ sent, failed, statuses, latenciesUs }: OpenPart): PacedPart {
  const sorted = latenciesUs.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { sent, answered: sorted.length, statuses, failed, p50Us: at(0.5), p99Us: at(0.99), maxUs: sorted.at(-1) ?? 0 }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

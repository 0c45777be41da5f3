import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import {
  type Consumer,
  type Credential,
  type GateStatus,
  type LedgerLog,
  ledgerLogs,
  type LedgerRecord,
  type Snapshot,
  type SnapshotChange,
} from '../core/mod.ts'
import { createAnswering, type LinkAnswers } from './answering.ts'
import { createFrameReader } from './frames.ts'
import { decodeMessage, encodeMessage, type LinkHello, type LinkMessage } from './messages.ts'

/** What the gate does for its desk. */
export interface LinkServerOptions {
  /** Path of the local socket, in the data folder, whose permissions are the authorization. */
  readonly path: string
  hello(): LinkHello
  /** Committed records of the log from `seq` on, none beyond what is durable; empty when there are none yet. */
  read(log: LedgerLog, seq: number): readonly LedgerRecord[]
  readonly answers: LinkAnswers
  /** Calls back soon after one of the logs grew. */
  readonly onGrowth: (listener: () => void) => Disposable
  /** Resolves with whether all gateway threads have it. */
  onSnapshot(snapshot: Snapshot): Promise<boolean>
  onChange(change: SnapshotChange): Promise<boolean>
  /** A peer that broke the protocol, for the process log; its connection is closed. */
  onBroken(error: unknown): void
}

/** The gate's end of the link. */
export interface LinkServer extends AsyncDisposable {
  readonly connected: boolean
  /** Sent to the desk if there is one; a desk that does not read gets the next one instead. */
  sendStatus(status: GateStatus): void
}

/** A status is skipped for a desk that has so much unread. */
const unreadBytesMax = 1024 * 1024

/**
 * Listens for the desk. One desk at a time: a new one takes the place of the old, which must be dead or leaving.
 *
 * Records go out in order with at most `windowBatches` unacknowledged, so a slow desk holds nothing back but itself:
 * what it has not got stays on disk.
 */
export async function openLinkServer(options: LinkServerOptions): Promise<LinkServer> {
  let desk: Desk | null = null
  const server = createServer((socket) => {
    desk?.end()
    const next: Desk = serveDesk(socket, options, () => {
      if (desk === next) desk = null
    })
    desk = next
  })
  rmSync(options.path, { force: true }) // left by a process that was killed; the ledger's lock says that we are the one
  await listen(server, options.path)
  chmodSync(options.path, 0o600)
  return {
    get connected() {
      return desk !== null
    },
    sendStatus: (status) => desk?.sendStatus(status),
    [Symbol.asyncDispose]: async () => {
      desk?.end()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}

interface Desk {
  sendStatus(status: GateStatus): void
  end(): void
}

const windowBatches = 4

type SnapshotPart = Extract<LinkMessage, { readonly type: 'snapshot-begin' | 'snapshot-part' | 'snapshot-end' }>

/** Puts a snapshot together from its parts; one that has begun anew takes the place of the one before. */
function createArrival(onWhole: (snapshot: Snapshot) => void): (part: SnapshotPart) => void {
  let arriving: (Snapshot & { readonly consumers: Consumer[]; readonly credentials: Credential[] }) | null = null
  return (part) => {
    switch (part.type) {
      case 'snapshot-begin':
        arriving = {
          revision: part.revision,
          policy: part.policy,
          networks: part.networks,
          consumers: [],
          credentials: [],
        }
        return
      case 'snapshot-part':
        arriving?.consumers.push(...part.consumers)
        arriving?.credentials.push(...part.credentials)
        return
      case 'snapshot-end':
        if (arriving !== null) onWhole(arriving)
        arriving = null
    }
  }
}

function serveDesk(socket: Socket, options: LinkServerOptions, onEnd: () => void): Desk {
  const send = (message: LinkMessage): void => void socket.write(encodeMessage(message))
  const pumps = pumpsOf(options, send)
  const growth = options.onGrowth(() => {
    for (const log of ledgerLogs) pumps[log].look()
  })
  const answering = createAnswering(options.answers, (id, said) => {
    if (!socket.destroyed) send({ type: 'answer', id, answer: said })
  })
  const arrival = createArrival((snapshot) => answer(snapshot.revision, options.onSnapshot(snapshot)))

  const receive = (message: LinkMessage): void => {
    switch (message.type) {
      case 'follow':
        return pumps[message.log].follow(message.from)
      case 'ack':
        return pumps[message.log].acknowledge(message.next)
      case 'ask':
        return answering(message.id, message.question)
      case 'snapshot-begin':
      case 'snapshot-part':
      case 'snapshot-end':
        return arrival(message)
      case 'change':
        return answer(message.change.revision, options.onChange(message.change))
      default:
        throw new TypeError(`The desk does not send '${message.type}'`)
    }
  }
  const answer = (revision: number, applied: Promise<boolean>): void => {
    applied.then(
      (ok) => send({ type: 'applied', revision, ok }),
      (error: unknown) => {
        options.onBroken(error)
        send({ type: 'applied', revision, ok: false })
      },
    )
  }

  const read = createFrameReader()
  socket.on('data', (chunk) => {
    try {
      for (const frame of read(chunk)) receive(decodeMessage(frame))
    } catch (error) {
      options.onBroken(error)
      socket.destroy()
    }
  })
  socket.on('error', () => {}) // 'close' follows
  socket.on('close', () => {
    growth[Symbol.dispose]()
    onEnd()
  })
  send({ type: 'hello', hello: options.hello() })
  return {
    sendStatus: (status) => {
      if (socket.writableLength < unreadBytesMax) send({ type: 'status', status })
    },
    end: () => socket.destroy(),
  }
}

interface Pump {
  follow(from: number): void
  acknowledge(next: number): void
  /** Sends what there is and what the window allows. */
  readonly look: () => void
}

function pumpsOf(options: LinkServerOptions, send: (message: LinkMessage) => void): Readonly<Record<LedgerLog, Pump>> {
  const pumpOf = (log: LedgerLog): Pump =>
    createPump({ read: (seq) => options.read(log, seq), send: (records) => send({ type: 'records', log, records }) })
  return { access: pumpOf('access'), audit: pumpOf('audit') }
}

interface PumpParts {
  readonly read: (seq: number) => readonly LedgerRecord[]
  readonly send: (records: readonly LedgerRecord[]) => void
}

function createPump({ read, send }: PumpParts): Pump {
  let next: number | null = null
  /** Ends of the batches that are on their way. */
  let sent: number[] = []
  const look = (): void => {
    while (next !== null && sent.length < windowBatches) {
      const records = read(next)
      const last = records.at(-1)
      if (last === undefined) return
      next = last.seq + 1
      sent.push(next)
      send(records)
    }
  }
  return {
    look,
    follow: (from) => {
      next = from
      sent = []
      look()
    },
    acknowledge: (upTo) => {
      sent = sent.filter((end) => end > upTo)
      look()
    },
  }
}

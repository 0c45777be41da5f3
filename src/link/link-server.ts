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
import { openRecordPump, type RecordPump } from './record-pump.ts'

/** What the gate does for its desk. */
export interface LinkServerOptions {
  /** Path of the local socket, in the data folder, whose permissions are the authorization. */
  readonly path: string
  hello(): LinkHello
  /** Committed records of the log from `seq` on, none beyond what is durable; empty when there are none yet. */
  readonly read: (log: LedgerLog, seq: number) => readonly LedgerRecord[]
  readonly answers: LinkAnswers
  /** Calls back soon after one of the logs grew. */
  readonly onGrowth: (listener: () => void) => Disposable
  /** Resolves with whether all gateway threads have it. */
  onSnapshot(snapshot: Snapshot): Promise<boolean>
  onChange(change: SnapshotChange): Promise<boolean>
  /** A peer that broke the protocol, for the process log; its connection is closed. */
  onBroken(error: unknown): void
  /** New records wait so long for others that go with them: each batch costs both ends as much as many records. @default 40 */
  readonly paceMs?: number
}

/** The gate's end of the link. */
export interface LinkServer extends AsyncDisposable {
  readonly connected: boolean
  /** Sent to the desk if there is one; a desk that does not read gets the next one instead. */
  sendStatus(status: GateStatus): void
}

/** A status is skipped for a desk that has so much unread. */
const unreadBytesMax = 1024 * 1024
const paceMsDefault = 40
/** What was written last has so long to leave at the end. */
const leaveMs = 500

/**
 * Listens for the desk. One desk at a time: a new one takes the place of the old, which must be dead or leaving.
 *
 * Records go out in order with a few batches unacknowledged, so a slow desk holds nothing back but itself:
 * what it has not got stays on disk. New ones go out every `paceMs`; a desk that is behind gets them as fast as it takes them.
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
  const pumps = openPumps(options, (log, records) => send({ type: 'records', log, records }))
  const answering = createAnswering(options.answers, (id, said) => {
    if (!socket.destroyed) send({ type: 'answer', id, answer: said })
  })
  const arrival = createArrival((snapshot) => answer(snapshot.revision, options.onSnapshot(snapshot)))

  const receive = (message: LinkMessage): void => {
    switch (message.type) {
      case 'follow':
        return pumps.of[message.log].follow(message.from)
      case 'ack':
        return pumps.of[message.log].acknowledge(message.next)
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
    pumps[Symbol.dispose]()
    onEnd()
  })
  send({ type: 'hello', hello: options.hello() })
  return {
    sendStatus: (status) => {
      if (socket.writableLength < unreadBytesMax) send({ type: 'status', status })
    },
    end: () => {
      pumps.flush()
      pumps[Symbol.dispose]()
      leave(socket)
    },
  }
}

/** Ends it when what was written has left, and soon in any case. */
function leave(socket: Socket): void {
  const leaving = setTimeout(() => socket.destroy(), leaveMs)
  socket.once('close', () => clearTimeout(leaving))
  socket.destroySoon()
}

interface Pumps extends Disposable {
  readonly of: Readonly<Record<LedgerLog, RecordPump>>
  /** Sends the newest without waiting for others. */
  flush(): void
}

/** A pump for each log, told of growth until disposed of. */
function openPumps(
  { read, onGrowth, paceMs = paceMsDefault }: LinkServerOptions,
  send: (log: LedgerLog, records: readonly LedgerRecord[]) => void,
): Pumps {
  const pumpOf = (log: LedgerLog): RecordPump =>
    openRecordPump({ read: (seq) => read(log, seq), send: (records) => send(log, records), paceMs })
  const of = { access: pumpOf('access'), audit: pumpOf('audit') }
  const growth = onGrowth(() => {
    for (const log of ledgerLogs) of[log].grown()
  })
  return {
    of,
    flush: () => {
      for (const log of ledgerLogs) of[log].flush()
    },
    [Symbol.dispose]: () => {
      growth[Symbol.dispose]()
      for (const log of ledgerLogs) of[log][Symbol.dispose]()
    },
  }
}

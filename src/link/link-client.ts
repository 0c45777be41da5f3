import { connect, type Socket } from 'node:net'
import {
  type AuditEvent,
  GatehouseError,
  type GateStatus,
  type LedgerLog,
  ledgerLogs,
  type LedgerRecord,
  type Snapshot,
  type SnapshotChange,
} from '../core/mod.ts'
import { openAsking } from './asking.ts'
import { createFrameReader } from './frames.ts'
import {
  decodeMessage,
  decodeRecords,
  encodeMessage,
  type LinkHello,
  type LinkMessage,
  type LinkQuestion,
  linkVersion,
  snapshotMessages,
} from './messages.ts'

/** What the desk gives to and takes from its gate. */
export interface LinkClientOptions {
  readonly path: string
  /** The rules as they are now; sent whole at each connection. */
  snapshot(): Snapshot
  /** The first record of the log that is not here yet, given how many the gate has. */
  cursor(log: LedgerLog, size: number): Promise<number>
  /** Resolves when the batch is safely here; a rejection ends the connection, and the batch comes again. */
  follow(log: LedgerLog, batch: readonly LedgerRecord[]): Promise<void>
  onStatus(status: GateStatus): void
  onConnect(hello: LinkHello): void
  onDisconnect(why: string): void
}

/** The desk's end of the link; connects, and connects again whenever the gate was away. */
export interface LinkClient extends AsyncDisposable {
  readonly connected: boolean
  /** Sends a change; true when all gateway threads have it, false when no gate said so within `applyMs`. */
  publish(change: SnapshotChange): Promise<boolean>
  /** Sends the rules whole once more, to a gate that works by others. */
  resend(): void
  /** A file of the published log, by its path below the log; null when there is none. As all that follow it throws `unreachable` without a gate. */
  ledgerFile(log: LedgerLog, path: string): Promise<Uint8Array | null>
  /** A c2sp.org/tlog-proof of the record; null while no checkpoint covers it. */
  proof(log: LedgerLog, seq: number): Promise<string | null>
  /** Consecutive records from `from` on, at least one where there is one, at most `recordsMax`. */
  records(log: LedgerLog, from: number, recordsMax: number): Promise<readonly LedgerRecord[]>
  /** Appends to the audit log; resolves when the entries are durable. */
  audit(entries: readonly AuditEvent[]): Promise<void>
}

/** Longest wait for an answer to a question. */
const askMs = 5_000
const retryMs = 200
const applyMs = 2_000
/** A gate sends its status each second: one that is silent so long is gone. */
const silenceMs = 15_000

export function openLinkClient(options: LinkClientOptions): LinkClient {
  let gate: Gate | null = null
  let closed = false
  let retry: NodeJS.Timeout | null = null
  const open = (): void => {
    const next: Gate = callGate(options, (why) => {
      if (gate === next && next.greeted()) options.onDisconnect(why)
      if (gate === next) gate = null
      if (!closed) retry = setTimeout(open, retryMs)
    })
    gate = next
  }
  open()
  return {
    get connected() {
      return gate?.greeted() === true
    },
    publish: (change) => (gate === null || !gate.greeted() ? Promise.resolve(false) : gate.publish(change)),
    resend: () => {
      if (gate?.greeted() === true) gate.resend()
    },
    ...questions((question) =>
      gate === null || !gate.greeted()
        ? Promise.reject(new GatehouseError('unreachable', 'Cannot ask the gate: none is connected'))
        : gate.ask(question),
    ),
    [Symbol.asyncDispose]: async () => {
      closed = true
      if (retry !== null) clearTimeout(retry)
      await gate?.end()
    },
  }
}

type Ask = (question: LinkQuestion) => Promise<Uint8Array | null>

function questions(ask: Ask): Pick<LinkClient, 'ledgerFile' | 'proof' | 'records' | 'audit'> {
  return {
    ledgerFile: (log, path) => ask({ kind: 'ledger-file', log, path }),
    proof: async (log, seq) => {
      const proof = await ask({ kind: 'proof', log, seq })
      return proof === null ? null : Buffer.from(proof).toString('utf8')
    },
    records: async (log, from, recordsMax) => {
      const bytes = await ask({ kind: 'records', log, from, recordsMax })
      return bytes === null ? [] : decodeRecords(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    },
    audit: async (entries) => void (await ask({ kind: 'audit', entries })),
  }
}

interface Gate {
  greeted(): boolean
  publish(change: SnapshotChange): Promise<boolean>
  resend(): void
  readonly ask: Ask
  end(): Promise<void>
}

function callGate(options: LinkClientOptions, onEnd: (why: string) => void): Gate {
  const socket = connect(options.path)
  const send = (message: LinkMessage): void => void socket.write(encodeMessage(message))
  const words = openWords(applyMs)
  let greeted = false
  let why = 'the gate closed the connection'
  const asking = openAsking({ send: (id, question) => send({ type: 'ask', id, question }), askMs })

  const fail = (error: unknown): void => {
    why = error instanceof Error ? error.message : String(error)
    socket.destroy()
  }
  const taking = createTaking({ options, socket, send, fail })
  const receive = (message: LinkMessage): void => {
    switch (message.type) {
      case 'hello':
        return greet(message.hello)
      case 'records':
        return taking.take(message)
      case 'status':
        return options.onStatus(message.status)
      case 'applied':
        return words.heard(message.revision, message.ok)
      case 'answer':
        return asking.answered(message.id, message.answer)
      default:
        throw new GatehouseError('link_broken', `The gate does not send '${message.type}'`)
    }
  }
  const resend = (): void => {
    for (const part of snapshotMessages(options.snapshot())) send(part)
  }
  const greet = (hello: LinkHello): void => {
    assertVersion(hello)
    greeted = true
    options.onConnect(hello)
    resend()
    for (const log of ledgerLogs)
      options.cursor(log, hello.sizes[log]).then((from) => send({ type: 'follow', log, from }), fail)
  }
  listenTo(socket, { receive, fail })
  socket.on('close', () => {
    words.end()
    asking.end(why)
    onEnd(why)
  })
  return {
    greeted: () => greeted && !socket.destroyed,
    publish: (change) => {
      const word = words.on(change.revision)
      send({ type: 'change', change })
      return word
    },
    resend,
    ask: (question) => asking.ask(question),
    end: async () => {
      socket.destroy()
      await taking.done()
    },
  }
}

function assertVersion({ version }: { readonly version: number }): void {
  if (version === linkVersion) return
  throw new GatehouseError('link_broken', `The gate speaks version ${version} of the link, this desk ${linkVersion}`)
}

interface TakingParts {
  readonly options: Pick<LinkClientOptions, 'follow'>
  readonly socket: Socket
  readonly send: (message: LinkMessage) => void
  readonly fail: (error: unknown) => void
}

/** Takes the batches of each log in order, one after the other; how many wait here is bounded by the gate's window. */
function createTaking({ options, socket, send, fail }: TakingParts): {
  take(batch: { readonly log: LedgerLog; readonly records: readonly LedgerRecord[] }): void
  done(): Promise<unknown>
} {
  const following = new Map<LedgerLog, Promise<void>>()
  const take = async (log: LedgerLog, records: readonly LedgerRecord[]): Promise<void> => {
    if (socket.destroyed) return
    await options.follow(log, records)
    const last = records.at(-1)
    if (last !== undefined) send({ type: 'ack', log, next: last.seq + 1 })
  }
  return {
    take: ({ log, records }) => {
      const before = following.get(log) ?? Promise.resolve()
      following.set(log, before.then(() => take(log, records)).catch(fail))
    },
    done: () => Promise.all(following.values()),
  }
}

/** The gate's word on changes, each waited for so long and no longer. */
interface Words {
  /** False when none comes. */
  on(revision: number): Promise<boolean>
  heard(revision: number, ok: boolean): void
  end(): void
}

function openWords(waitMs: number): Words {
  const waiting = new Map<number, (ok: boolean) => void>()
  return {
    on: (revision) => {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const timer = setTimeout(() => resolve(false), waitMs)
      waiting.set(revision, resolve)
      return promise.finally(() => {
        clearTimeout(timer)
        waiting.delete(revision)
      })
    },
    heard: (revision, ok) => waiting.get(revision)?.(ok),
    end: () => {
      for (const resolve of waiting.values()) resolve(false)
    },
  }
}

function listenTo(
  socket: Socket,
  { receive, fail }: { receive: (message: LinkMessage) => void; fail: (error: unknown) => void },
): void {
  const read = createFrameReader()
  socket.setTimeout(silenceMs, () => fail(new GatehouseError('link_broken', `The gate was silent for ${silenceMs} ms`)))
  socket.on('data', (chunk) => {
    try {
      for (const frame of read(chunk)) receive(decodeMessage(frame))
    } catch (error) {
      fail(error)
    }
  })
  socket.on('error', fail)
}

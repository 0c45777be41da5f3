import { connect, type Socket } from 'node:net'
import { GatehouseError, type GateStatus, type LedgerRecord, type Snapshot, type SnapshotChange } from '../core/mod.ts'
import { createFrameReader } from './frames.ts'
import { decodeMessage, encodeMessage, type LinkHello, type LinkMessage, snapshotMessages } from './messages.ts'

/** What the desk gives to and takes from its gate. */
export interface LinkClientOptions {
  readonly path: string
  /** The rules as they are now; sent whole at each connection. */
  snapshot(): Snapshot
  /** The first record that is not here yet, given how many the gate has. */
  cursor(size: number): Promise<number>
  /** Resolves when the batch is safely here; a rejection ends the connection, and the batch comes again. */
  follow(batch: readonly LedgerRecord[]): Promise<void>
  onStatus(status: GateStatus): void
  onConnect(hello: LinkHello): void
  onDisconnect(why: string): void
}

/** The desk's end of the link; connects, and connects again whenever the gate was away. */
export interface LinkClient extends AsyncDisposable {
  readonly connected: boolean
  /** Sends a change; true when all gateway threads have it, false when no gate said so within `applyMs`. */
  publish(change: SnapshotChange): Promise<boolean>
}

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
    [Symbol.asyncDispose]: async () => {
      closed = true
      if (retry !== null) clearTimeout(retry)
      await gate?.end()
    },
  }
}

interface Gate {
  greeted(): boolean
  publish(change: SnapshotChange): Promise<boolean>
  end(): Promise<void>
}

function callGate(options: LinkClientOptions, onEnd: (why: string) => void): Gate {
  const socket = connect(options.path)
  const send = (message: LinkMessage): void => void socket.write(encodeMessage(message))
  const waiting = new Map<number, (ok: boolean) => void>()
  let greeted = false
  let why = 'the gate closed the connection'
  let following: Promise<void> = Promise.resolve()

  const fail = (error: unknown): void => {
    why = error instanceof Error ? error.message : String(error)
    socket.destroy()
  }
  const receive = (message: LinkMessage): void => {
    switch (message.type) {
      case 'hello':
        greeted = true
        options.onConnect(message.hello)
        for (const part of snapshotMessages(options.snapshot())) send(part)
        options.cursor(message.hello.size).then((from) => send({ type: 'follow', from }), fail)
        return
      case 'records':
        // In order, one batch after the other; what waits here is bounded by the gate's window.
        following = following.then(() => take(message.records)).catch(fail)
        return
      case 'status':
        return options.onStatus(message.status)
      case 'applied':
        return waiting.get(message.revision)?.(message.ok)
      default:
        throw new GatehouseError('link_broken', `The gate does not send '${message.type}'`)
    }
  }
  const take = async (records: readonly LedgerRecord[]): Promise<void> => {
    if (socket.destroyed) return
    await options.follow(records)
    const last = records.at(-1)
    if (last !== undefined) send({ type: 'ack', next: last.seq + 1 })
  }

  listenTo(socket, { receive, fail })
  socket.on('close', () => {
    for (const resolve of waiting.values()) resolve(false)
    onEnd(why)
  })
  return {
    greeted: () => greeted && !socket.destroyed,
    publish: (change) => {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const timer = setTimeout(() => resolve(false), applyMs)
      waiting.set(change.revision, resolve)
      send({ type: 'change', change })
      return promise.finally(() => {
        clearTimeout(timer)
        waiting.delete(change.revision)
      })
    },
    end: async () => {
      socket.destroy()
      await following
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

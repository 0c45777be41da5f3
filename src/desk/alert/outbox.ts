import { type Clock, type Documents, type DocumentWrite, messageOf, type Told, worse } from '../../core/mod.ts'
import type { Channel, Message } from './channel.ts'
import { digestMessage, type Draft } from './messages.ts'
import { giveUpMs, retryDelayMs } from './retry.ts'

/** A message on its way to one target. */
export interface Notice {
  readonly target: string
  readonly message: Message
  /** `INC-…` of every incident that it tells of. */
  readonly incidents: readonly string[]
  readonly attempts: number
  /** Not before this wall time. */
  readonly dueMs: number
  /** Why the last try failed; null before the first. */
  readonly why: string | null
}

/** What became of a notice. */
export type NoticeEnd = { readonly kind: 'sent' } | { readonly kind: 'failed'; readonly why: string }

export interface OutboxOptions {
  readonly documents: Documents
  readonly channels: readonly Channel[]
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  /** Makes ids of messages. */
  readonly mintId: () => string
  /**
   * Called once for each notice that is over; keeps `writes` together with whatever else it notes, and tells the audit log.
   * What it rejects is over all the same after the next try.
   */
  readonly ended: (
    notice: Notice,
    end: NoticeEnd,
    kept: { writes: readonly DocumentWrite[]; told: readonly Told[] },
  ) => Promise<void>
  readonly onProblem: (why: string) => void
}

/**
 * Messages until their targets have them. What is in it survives a crash, so that each message arrives at least once, with
 * one id; it is tried for 24 h. Targets do not wait for each other. When one target gets too many in a minute, they are
 * joined into one.
 */
export interface Outbox extends AsyncDisposable {
  /** A draft as writes for whoever keeps it together with something else; `added` is to be called when that was kept. */
  draft(wish: NoticeWish): NoticeDraft
  /** Sends what is due. Resolves when nothing that was due is under way any more. */
  look(): Promise<void>
  /** How each target stands. */
  targets(): readonly TargetStatus[]
}

/** A notice that is not kept yet. */
export interface NoticeDraft {
  readonly writes: readonly DocumentWrite[]
  readonly told: readonly Told[]
  readonly added: () => void
}

export interface NoticeWish {
  readonly target: string
  readonly draft: Draft
  readonly incidents: readonly string[]
  /** @default at once */
  readonly notBeforeMs?: number
}

/** How one target stands. */
export interface TargetStatus {
  readonly name: string
  readonly type: Channel['type']
  readonly waiting: number
  /** Why the last try failed; null when it went well or there was none. */
  readonly failing: string | null
  readonly sent: number
  readonly failed: number
  readonly lastSentMs: number | null
}

/** Notices that may wait; what comes beyond is given up at once, and recorded. */
export const noticesMax = 10_000
/** Notices that were given up, of which the newest are kept to be looked at. */
export const deadMax = 1_000
const waitingIn = 'notify-outbox'
const deadIn = 'notify-dead'
/** Messages to one target in a minute; what comes beyond is joined. */
export const perMinuteMax = 6
const minuteMs = 60_000

interface Target {
  readonly channel: Channel
  readonly sentMs: number[]
  digestMs: number
  failing: string | null
  sent: number
  failed: number
  lastSentMs: number | null
  busy: boolean
}

export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { documents, channels, clock, mintId, onProblem } = options
  const waiting = new Map<string, Notice>()
  const targets = new Map<string, Target>(channels.map((channel) => [channel.name, newTarget(channel)]))
  // Our own, out of a sealed store.
  for (const { id, value } of await documents.list(waitingIn, { max: noticesMax * 2 })) waiting.set(id, value as Notice)
  const running = new Set<Promise<void>>()
  let closed = false
  const work: Work = { ...options, waiting, isClosed: () => closed }

  return {
    draft: ({ target, draft, incidents, notBeforeMs }) => {
      const id = mintId()
      const nowMs = clock.wallMs()
      const message: Message = { ...draft, id: `msg_${id}`, atMs: nowMs }
      const notice: Notice = { target, message, incidents, attempts: 0, dueMs: notBeforeMs ?? nowMs, why: null }
      if (waiting.size >= noticesMax) {
        const why = `${noticesMax} notices wait already`
        return { writes: [], told: [toldOf(notice, why)], added: () => onProblem(`A notice is given up: ${why}`) }
      }
      return { writes: [writeOf(id, notice)], told: [], added: () => void waiting.set(id, notice) }
    },
    look: async () => {
      for (const target of targets.values()) {
        if (target.busy || closed) continue
        target.busy = true
        const run = serve(target, work)
          .catch((error: unknown) => onProblem(`Notices to '${target.channel.name}' wait: ${messageOf(error)}`))
          .finally(() => {
            target.busy = false
            running.delete(run)
          })
        running.add(run)
      }
      await giveUpStrays(work, targets).catch((error: unknown) => onProblem(messageOf(error)))
      await Promise.all(running)
    },
    targets: () =>
      [...targets.values()].map(({ channel, failing, sent, failed, lastSentMs }) => ({
        name: channel.name,
        type: channel.type,
        waiting: [...waiting.values()].filter(({ target }) => target === channel.name).length,
        failing,
        sent,
        failed,
        lastSentMs,
      })),
    [Symbol.asyncDispose]: async () => {
      closed = true
      await Promise.all(running)
    },
  }
}

function newTarget(channel: Channel): Target {
  return { channel, sentMs: [], digestMs: 0, failing: null, sent: 0, failed: 0, lastSentMs: null, busy: false }
}

interface Work extends OutboxOptions {
  readonly waiting: Map<string, Notice>
  readonly isClosed: () => boolean
}

type Due = readonly [id: string, notice: Notice]

/** Everything that is due to one target, oldest first. */
async function serve(target: Target, work: Work): Promise<void> {
  const { waiting, clock, isClosed } = work
  for (;;) {
    const nowMs = clock.wallMs()
    const due = [...waiting].filter(([, notice]) => notice.target === target.channel.name && notice.dueMs <= nowMs)
    const first = due[0]
    if (first === undefined || isClosed()) return
    while ((target.sentMs[0] ?? nowMs) <= nowMs - minuteMs) target.sentMs.shift()
    const room = perMinuteMax - target.sentMs.length
    // What was joined already goes out as it is.
    const fresh = due.filter(([, { message, attempts }]) => attempts === 0 && message.type !== 'incidents.digest')
    if (fresh.length > room) {
      if (nowMs - target.digestMs >= minuteMs) {
        target.digestMs = nowMs
        await joinNotices(fresh, target, work)
        continue
      }
      const others = due.filter((one) => !fresh.includes(one))
      const next = others[0]
      if (next === undefined) return
      await tryOne(next, target, work)
    } else await tryOne(first, target, work)
  }
}

async function tryOne([id, notice]: Due, target: Target, work: Work): Promise<void> {
  const { clock, documents, random, waiting, ended } = work
  const forget: DocumentWrite = { collection: waitingIn, id, value: null }
  try {
    target.sentMs.push(clock.wallMs())
    await target.channel.notify(notice.message)
  } catch (error) {
    const why = messageOf(error).slice(0, whyCharsMax)
    const nowMs = clock.wallMs()
    target.failing = why
    target.failed++
    const attempts = notice.attempts + 1
    const dueMs = nowMs + retryDelayMs(attempts, random)
    if (dueMs - notice.message.atMs >= giveUpMs) return await bury(id, { ...notice, attempts, why }, work)
    const next: Notice = { ...notice, attempts, dueMs, why }
    waiting.set(id, next)
    return await documents.write([writeOf(id, next)])
  }
  target.failing = null
  target.sent++
  target.lastSentMs = clock.wallMs()
  // Gone from here on in any case: a store that fails now must not make us send it again and again.
  waiting.delete(id)
  await ended(notice, { kind: 'sent' }, { writes: [forget], told: [] })
}

const whyCharsMax = 500

/** Given up: kept to be looked at, and recorded. */
async function bury(id: string, notice: Notice, { documents, waiting, ended }: Work): Promise<void> {
  const why = notice.why ?? 'unknown'
  const dead = await documents.list(deadIn, { max: deadMax + 100 })
  const old = dead.slice(0, Math.max(0, dead.length - deadMax + 1))
  waiting.delete(id)
  await ended(
    notice,
    { kind: 'failed', why },
    {
      writes: [
        { collection: waitingIn, id, value: null },
        { collection: deadIn, id, position: notice.message.atMs, value: notice },
        ...old.map((one): DocumentWrite => ({ collection: deadIn, id: one.id, value: null })),
      ],
      told: [toldOf(notice, why)],
    },
  )
}

/** Many as one, in one write: none is lost, and none is told twice. */
async function joinNotices(parts: readonly Due[], target: Target, work: Work): Promise<void> {
  const { documents, mintId, clock, waiting } = work
  const id = mintId()
  const messages = parts.map(([, { message }]) => message)
  const worst = messages.map(({ severity }) => severity).reduce(worse)
  const digest: Notice = {
    target: target.channel.name,
    message: { ...digestMessage(messages, worst), id: `msg_${id}`, atMs: clock.wallMs() },
    incidents: [...new Set(parts.flatMap(([, { incidents }]) => incidents))].slice(0, incidentsOfDigestMax),
    attempts: 0,
    dueMs: clock.wallMs(),
    why: null,
  }
  await documents.write([
    writeOf(id, digest),
    ...parts.map(([part]): DocumentWrite => ({ collection: waitingIn, id: part, value: null })),
  ])
  for (const [part] of parts) waiting.delete(part)
  waiting.set(id, digest)
}

const incidentsOfDigestMax = 200

/** Notices to targets that the configuration does not know any more. */
async function giveUpStrays(work: Work, targets: ReadonlyMap<string, Target>): Promise<void> {
  for (const [id, notice] of work.waiting)
    if (!targets.has(notice.target)) await bury(id, { ...notice, why: 'the configuration names no such target' }, work)
}

function writeOf(id: string, notice: Notice): DocumentWrite {
  return { collection: waitingIn, id, position: notice.message.atMs, value: notice }
}

function toldOf({ target, message, attempts, incidents }: Notice, why: string): Told {
  return {
    kind: 'notification.failed',
    details: { target, message: message.id, type: message.type, attempts, incidents: [...incidents], why },
  }
}

import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { GatehouseError } from '../core/mod.ts'
import { sha256 } from '../crypto/mod.ts'
import type { AdminClient } from './admin-client.ts'
import { durationMs } from './duration.ts'
import { exitCodes } from './exit-codes.ts'
import type { Shown } from './keys.ts'
import type { ShownReplay, ShownReview, ShownReviews, ShownRun } from './reviews-answers.ts'
import { reviewText } from './reviews-show.ts'
import { painter, printable, table } from './terminal.ts'

/** `reviews ls` */
export async function listReviews({ client, terminal, json }: Shown): Promise<void> {
  const answer = (await client.get('/v1/reviews')) as ShownReviews
  if (json) return terminal.out(`${JSON.stringify(answer)}\n`)
  terminal.out(runTable(answer.items))
  for (const { name, cron, timeZone, nextAtMs } of answer.plans)
    terminal.err(`${name} (${cron} ${timeZone}) runs next ${nextAtMs === null ? 'never' : minute(nextAtMs)}\n`)
  if (answer.items.length === 0) terminal.err('No reviews yet. Run one: gatehouse reviews run daily --period today\n')
}

/** `reviews due`: what waits for somebody; exit code 1 when something is overdue. */
export async function dueReviews({ client, terminal, json }: Shown): Promise<number> {
  const { items } = (await client.get('/v1/reviews')) as ShownReviews
  const due = items.filter(({ state }) => state === 'ready' || state === 'in_review' || state === 'collecting')
  if (json) terminal.out(`${JSON.stringify({ items: due })}\n`)
  else if (due.length === 0) terminal.err('Nothing is due.\n')
  else terminal.out(runTable(due))
  return due.some(({ overdue }) => overdue) ? exitCodes.found : exitCodes.ok
}

/** `reviews run`: opens one and waits until it is collected. */
export async function runReview(
  { client, terminal, json }: Shown,
  { plan, period }: { readonly plan: string; readonly period: string | null },
): Promise<number> {
  const opened = (await client.post('/v1/reviews', { plan, ...(period === null ? {} : { period }) })) as ShownRun
  if (!json) terminal.err(`${opened.id} is being collected\n`)
  const review = await collected(client, opened.id)
  if (json) terminal.out(`${JSON.stringify(review)}\n`)
  else terminal.out(reviewText(review, painter(terminal)))
  return review.state === 'ready' ? exitCodes.ok : exitCodes.partial
}

/** `reviews show` */
export async function showReview({ client, terminal, json }: Shown, id: string): Promise<void> {
  const review = await reviewOf(client, id)
  terminal.out(json ? `${JSON.stringify(review)}\n` : reviewText(review, painter(terminal)))
}

/** What `reviews decide` takes. */
export interface DecideFlags {
  readonly note: string
  /** Such as 90d; for accept-risk. */
  readonly accept: string | null
  readonly alike: boolean
}

/** `reviews decide`: an item by its id, or by its number in `reviews show`. */
export async function decideItem(
  { client, terminal, json }: Shown,
  act: { readonly id: string; readonly item: string; readonly disposition: string } & DecideFlags,
): Promise<void> {
  const { id, item, disposition, note, accept, alike } = act
  const itemId = /^\d{1,5}$/.test(item) ? (await reviewOf(client, id)).items.list[Number(item) - 1]?.id : item
  if (itemId === undefined) throw new GatehouseError('not_found', `The review ${id} has no item ${item}`)
  const body = {
    disposition,
    ...(note === '' ? {} : { note }),
    ...(accept === null ? {} : { untilMs: Date.now() + durationMs(accept) }),
    ...(alike ? { alike } : {}),
  }
  const review = (await client.post(
    `/v1/reviews/${encodeURIComponent(id)}/items/${encodeURIComponent(itemId)}`,
    body,
  )) as ShownReview
  if (json) return terminal.out(`${JSON.stringify(review)}\n`)
  const { total, open } = review.items
  terminal.out(`${itemId}: ${disposition}\n`)
  terminal.err(
    open === 0
      ? `All ${total} items are decided: gatehouse reviews sign ${id} --name …\n`
      : `${open} of ${total} items are open\n`,
  )
}

/** `reviews sign` */
export async function signReview(
  { client, terminal, json }: Shown,
  { id, name, note }: { readonly id: string; readonly name: string; readonly note: string },
): Promise<void> {
  const body = { name, ...(note === '' ? {} : { note }) }
  const review = (await client.post(`/v1/reviews/${encodeURIComponent(id)}/sign`, body)) as ShownReview
  if (json) return terminal.out(`${JSON.stringify(review)}\n`)
  terminal.out(`${review.signOff?.statement ?? ''}\n`)
  terminal.err(`Signed by ${name}. Manifest, SHA-256: ${review.signOff?.manifestDigest ?? ''}\n`)
}

/** `reviews export`: the file is readable by its owner only; its SHA-256 goes to standard error. */
export async function exportReview(
  { client, terminal }: Shown,
  { id, format, out }: { readonly id: string; readonly format: 'html' | 'json'; readonly out: string | null },
): Promise<void> {
  const text = await client.text(`/v1/reviews/${encodeURIComponent(id)}/report?format=${format}`)
  if (out === '-') return terminal.out(text)
  const path = out ?? `gatehouse-review-${id.replaceAll(/[^\w.-]/g, '-')}.${format}`
  writeFileSync(path, text, { mode: 0o600 })
  terminal.out(`${path}\n`)
  terminal.err(`SHA-256 ${Buffer.from(sha256(Buffer.from(text))).toString('hex')}\n`)
}

/** `reviews replay`: exit code 1 when something differs, 5 when it could not be done. */
export async function replayReview({ client, terminal, json }: Shown, id: string): Promise<number> {
  const path = `/v1/reviews/${encodeURIComponent(id)}/replay`
  let replay = (await client.post(path, {})) as ShownReplay
  for (const endMs = performance.now() + waitMsMax; replay.state === 'running' && performance.now() < endMs;) {
    await pause(lookMs)
    replay = (await client.get(path)) as ShownReplay
  }
  if (json) terminal.out(`${JSON.stringify(replay)}\n`)
  if (replay.state !== 'done') {
    if (!json) terminal.err(`${replay.state === 'failed' ? replay.why : 'The replay is still running'}\n`)
    return exitCodes.unreachable
  }
  if (!json)
    terminal.out(
      replay.matches
        ? `${id}: the same was found again\n`
        : replay.differences.map((one) => `${printable(one)}\n`).join(''),
    )
  return replay.matches ? exitCodes.ok : exitCodes.found
}

const lookMs = 300
/** Longest wait for a run or a replay of some millions of records. */
const waitMsMax = 15 * 60_000

async function collected(client: AdminClient, id: string): Promise<ShownReview> {
  const endMs = performance.now() + waitMsMax
  for (;;) {
    const review = await reviewOf(client, id)
    const isWaiting = review.state === 'collecting' && review.waiting === ''
    if (!isWaiting || performance.now() > endMs) return review
    await pause(lookMs)
  }
}

async function reviewOf(client: AdminClient, id: string): Promise<ShownReview> {
  return (await client.get(`/v1/reviews/${encodeURIComponent(id)}`)) as ShownReview
}

function runTable(items: readonly ShownRun[]): string {
  if (items.length === 0) return ''
  const rows = items.map(({ id, state, items: { total, open }, dueAtMs, overdue, signOff, lateReason, waiting }) => [
    id,
    overdue ? `${state}, overdue` : state,
    total === 0 ? '–' : `${total - open}/${total}`,
    minute(dueAtMs),
    printable(signOff === null ? waiting || lateReason : `by ${signOff.name}, ${minute(signOff.atMs)}`),
  ])
  return table([['REVIEW', 'STATE', 'DECIDED', 'DUE', 'NOTE'], ...rows])
}

function minute(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}

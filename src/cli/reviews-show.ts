import type { ShownItem, ShownReview } from './reviews-answers.ts'
import { type Paint, printable, table } from './terminal.ts'

/** A review for a terminal: whether to trust it, what the checks found, and what has to be decided, numbered. */
export function reviewText(review: ShownReview, paint: Paint): string {
  const { results, items, signOff, waiting, lateReason } = review
  const lines = [
    `${paint('bold', review.id)}  ${review.state}${review.overdue ? paint('red', ', overdue') : ''}`,
    `  ${moment(review.period.fromMs)} to ${moment(review.period.toMs)}, due ${moment(review.dueAtMs)}`,
    ...(lateReason === '' ? [] : [paint('yellow', `  ${printable(lateReason)}`)]),
    ...(waiting === '' ? [] : [paint('yellow', `  waits: ${printable(waiting)}`)]),
  ]
  if (results !== null) lines.push(...resultLines(results, paint))
  if (items.list.length > 0)
    lines.push(
      '',
      `${paint('bold', 'Items')}  ${items.open} of ${items.total} are open`,
      ...items.list.flatMap((item, at) => itemLines(item, at + 1, paint)),
    )
  if (signOff !== null)
    lines.push(
      '',
      paint('bold', `Signed by ${printable(signOff.name)} (${printable(signOff.actor)}), ${moment(signOff.atMs)}`),
      `  ${printable(signOff.statement)}`,
      `  manifest ${signOff.manifestDigest}`,
    )
  return `${lines.join('\n')}\n`
}

function resultLines(
  { pins, trust, checks, differences }: NonNullable<ShownReview['results']>,
  paint: Paint,
): string[] {
  const counts = checks.map(({ title, hits, found }) => [
    `  ${title}`,
    String(hits),
    hits === 0 ? '' : `${found} different`,
  ])
  return [
    ...(['access', 'audit'] as const).map((log) => {
      const { from, to, root } = pins[log]
      return `  ${log} log: records ${from} to before ${to}, root ${root.slice(0, 16)}…`
    }),
    '',
    paint('bold', 'Can it be trusted?'),
    ...trust.facts.map(
      ({ title, state, text }) =>
        `  ${state === 'ok' ? paint('green', '✓') : paint('red', '✕')} ${title}: ${printable(text)}`,
    ),
    '',
    paint('bold', 'Checks'),
    table(counts).trimEnd(),
    '',
    paint(
      'bold',
      differences.against === '' ? 'Differences: there is no period before' : `Differences from ${differences.against}`,
    ),
    ...differences.entries.slice(0, shownMax).map(({ text }) => `  ${printable(text)}`),
    ...(differences.entries.length > shownMax ? [`  and ${differences.entries.length - shownMax} more`] : []),
  ]
}

/** Differences on a terminal; the export has all. */
const shownMax = 15

function itemLines({ id, severity, title, text, decision }: ShownItem, number: number, paint: Paint): string[] {
  const state = decision === null ? paint('yellow', 'open') : paint('green', decision.disposition)
  const note =
    decision === null || decision.note === '' ? [] : [`       ${printable(`${decision.by}: ${decision.note}`)}`]
  return [
    `  ${String(number).padStart(3)}  ${state}  ${severity === 'high' ? paint('bold', title) : title}: ${printable(text)}`,
    paint('dim', `       ${id}`),
    ...note,
  ]
}

function moment(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}

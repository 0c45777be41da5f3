import type { ReactNode } from 'react'
import { type AccessEvent, type Reason, reasons } from '../api/types.ts'
import { Icon, type IconName } from './icons.tsx'
import { toneText, type Tone } from './tone.ts'

/** How a request ended, as glyph, tone and word. */
export interface End {
  readonly icon: IconName
  readonly tone: Tone
  readonly text: string
}

/** In one word or a few: `allowed`, `denied: insufficient_scope`, `limited: per-consumer`. */
export function endOf(event: AccessEvent): End {
  const { outcome, status, reason } = event
  switch (outcome) {
    case 'served':
      if (event.wouldRefuse !== null) return { icon: 'rise', tone: 'anomaly', text: `observed: ${event.wouldRefuse}` }
      if (status >= 500) return { icon: 'failed', tone: 'bad', text: 'upstream error' }
      return {
        icon: 'ok',
        tone: status >= 400 ? 'muted' : 'text',
        text: status >= 400 ? 'refused by upstream' : 'allowed',
      }
    case 'refused':
      return refusedEnd(event, reason)
    case 'failed':
      return { icon: 'failed', tone: 'bad', text: `failed: ${reason ?? 'unknown'}` }
    case 'aborted':
      return { icon: 'aborted', tone: 'muted', text: `aborted: ${reason ?? 'unknown'}` }
  }
}

function refusedEnd({ limits, status }: AccessEvent, reason: Reason | null): End {
  if (status === 429) {
    const limit = limits.find(({ admitted }) => !admitted)
    return { icon: 'limited', tone: 'warn', text: limit === undefined ? 'limited' : `limited: ${limit.name}` }
  }
  const why = reason ?? 'unknown'
  if (status === 401) return { icon: 'refused', tone: 'bad', text: `unauthenticated: ${why}` }
  if (status === 403) return { icon: 'refused', tone: 'bad', text: `denied: ${why}` }
  return { icon: 'refused', tone: 'warn', text: why }
}

/** What a reason means, in words. */
export function reasonTitle(reason: Reason): string {
  return reasons[reason]?.title ?? reason
}

/** Glyph and status. */
export function StatusMark({ event }: { event: AccessEvent }): ReactNode {
  const { icon, tone, text } = endOf(event)
  return (
    <span className={`machine inline-flex items-center gap-1 ${tone === 'text' ? 'text-muted' : toneText[tone]}`}>
      <Icon name={icon} size={12} />
      <span className={tone === 'text' ? 'text-text' : ''}>{event.status === 0 ? '–' : event.status}</span>
      <span className="sr-only">{text}</span>
    </span>
  )
}

/** The words of it. */
export function EndText({ event }: { event: AccessEvent }): ReactNode {
  const { tone, text } = endOf(event)
  return <span className={toneText[tone]}>{text}</span>
}

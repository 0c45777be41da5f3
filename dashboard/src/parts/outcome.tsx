import type { ReactNode } from 'react'
import type { AccessEvent, Reason } from '../api/types.ts'
import { Icon, type IconName } from './icons.tsx'
import { toneText, type Tone } from './tone.ts'

/** How a request ended, as glyph, tone and word. */
export interface End {
  readonly icon: IconName
  readonly tone: Tone
  readonly text: string
}

/** In one word or a few: `allowed`, `denied: needs orders:write`, `limited: per-consumer`. */
export function endOf(event: AccessEvent): End {
  const { outcome, status, reason } = event
  switch (outcome) {
    case 'served':
      if (event.wouldRefuse !== null)
        return {
          icon: 'rise',
          tone: 'anomaly',
          text: `observed: ${words[event.wouldRefuse] ?? event.wouldRefuse.replaceAll('_', ' ')}`,
        }
      if (status >= 500) return { icon: 'failed', tone: 'bad', text: 'upstream error' }
      if (status >= 400) return { icon: 'refused', tone: 'muted', text: `upstream said ${status}` }
      return { icon: 'ok', tone: 'text', text: 'allowed' }
    case 'refused':
      return refusedEnd(event, reason)
    case 'failed':
      return { icon: 'failed', tone: 'bad', text: `failed: ${reason ?? 'unknown'}` }
    case 'aborted':
      return { icon: 'aborted', tone: 'muted', text: `aborted: ${reason ?? 'unknown'}` }
  }
}

function refusedEnd({ limits, status, scopesNeeded, scopesHeld }: AccessEvent, reason: Reason | null): End {
  if (status === 429) {
    const limit = limits.find(({ admitted }) => !admitted)
    return { icon: 'limited', tone: 'warn', text: limit === undefined ? 'limited' : `limited: ${limit.name}` }
  }
  const why = reason === null ? 'unknown' : (words[reason] ?? reason.replaceAll('_', ' '))
  if (status === 401) return { icon: 'refused', tone: 'bad', text: why }
  if (status !== 403) return { icon: 'refused', tone: 'warn', text: why }
  const missing = scopesNeeded.filter((scope) => !scopesHeld.includes(scope))
  const isScope = reason === 'insufficient_scope' && missing.length > 0
  return { icon: 'refused', tone: 'bad', text: `denied: ${isScope ? `needs ${missing.join(' ')}` : why}` }
}

/** Reasons whose name alone says too little in a list. */
const words: Partial<Readonly<Record<Reason, string>>> = {
  credential_missing: 'no credential',
  invalid_api_key: 'key not accepted',
  invalid_token: 'token not accepted',
  invalid_certificate: 'certificate not accepted',
  not_permitted: 'no role allows it',
  network_blocked: 'network blocked',
  no_route: 'no such route',
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

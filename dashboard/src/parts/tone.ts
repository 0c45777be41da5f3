/** What a colour means, everywhere in the console. */
export type Tone = 'ok' | 'warn' | 'bad' | 'anomaly' | 'muted' | 'text'

/** Classes of a text in the tone. */
export const toneText: Readonly<Record<Tone, string>> = {
  ok: 'text-ok',
  warn: 'text-warn',
  bad: 'text-bad',
  anomaly: 'text-anomaly',
  muted: 'text-muted',
  text: 'text-text',
}

/** Classes of a small label in the tone. */
export const toneBadge: Readonly<Record<Tone, string>> = {
  ok: 'text-ok bg-ok-soft',
  warn: 'text-warn bg-warn-soft',
  bad: 'text-bad bg-bad-soft',
  anomaly: 'text-anomaly bg-anomaly-soft',
  muted: 'text-muted bg-raise',
  text: 'text-text bg-raise',
}

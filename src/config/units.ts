/** At most `limit` in any `windowMs`. */
export interface Rate {
  readonly limit: number
  readonly windowMs: number
}

const unitMs: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

const unitBytes: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 1024],
  ['mb', 1024 ** 2],
  ['gb', 1024 ** 3],
])

/** `250ms`, `2s`, `5m`, `12h`, `90d` in milliseconds, also `0.5ms`; null for anything else. */
export function parseDuration(text: string): number | null {
  return measured(text, unitMs)
}

/** `512b`, `64kb`, `1mb`, `2gb` in bytes, where a kb is 1024 bytes; null for anything else. */
export function parseSize(text: string): number | null {
  return measured(text, unitBytes)
}

/** `600/m`, `20/s`, `1000/h`, `50/10s`; null for anything else. */
export function parseRate(text: string): Rate | null {
  const match = /^(\d{1,12})\/(\d{0,6})(ms|s|m|h|d)$/.exec(text)
  if (match === null) return null
  const [, limit = '', count = '', unit = ''] = match
  const windowMs = Number(count === '' ? 1 : count) * (unitMs.get(unit) ?? 0)
  return { limit: Number(limit), windowMs }
}

function measured(text: string, units: ReadonlyMap<string, number>): number | null {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)([a-z]{1,2})$/.exec(text)
  const unit = units.get(match?.[2] ?? '')
  if (match === null || unit === undefined) return null
  return Number(match[1]) * unit
}

/** How people write units when they have not read the manual; without its plural, in lower case. */
const unitWords: ReadonlyMap<string, string> = new Map([
  ...['ms', 'msec', 'milli', 'millisecond'].map((word) => [word, 'ms'] as const),
  ...['s', 'sec', 'second'].map((word) => [word, 's'] as const),
  ...['m', 'min', 'minute'].map((word) => [word, 'm'] as const),
  ...['h', 'hr', 'hour'].map((word) => [word, 'h'] as const),
  ...['d', 'day'].map((word) => [word, 'd'] as const),
])

const sizeWords: ReadonlyMap<string, string> = new Map([
  ...['b', 'byte'].map((word) => [word, 'b'] as const),
  ...['k', 'kb', 'kib', 'kilobyte'].map((word) => [word, 'kb'] as const),
  ...['m', 'mb', 'mib', 'megabyte'].map((word) => [word, 'mb'] as const),
  ...['g', 'gb', 'gib', 'gigabyte'].map((word) => [word, 'gb'] as const),
])

/** `30 seconds` → `30s`; null when nobody could know. */
export function meantDuration(text: string): string | null {
  return meant(text, unitWords)
}

/** `10 MiB` → `10mb`. */
export function meantSize(text: string): string | null {
  return meant(text, sizeWords)
}

/** `600 per minute`, `600/min`, `600rpm` → `600/m`. */
export function meantRate(text: string): string | null {
  const short = /^(\d{1,12})\s*rp([smhd])$/i.exec(text)
  if (short !== null) return `${short[1]}/${short[2]?.toLowerCase()}`
  const match = /^(\d{1,12})\s*(?:\/|per|a|every)\s*(\d{0,6})\s*([a-z]{1,14})$/i.exec(text)
  const unit = unitOf(match?.[3] ?? '', unitWords)
  return match === null || unit === null ? null : `${match[1]}/${match[2]}${unit}`
}

function meant(text: string, words: ReadonlyMap<string, string>): string | null {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]{1,14})$/i.exec(text)
  const unit = unitOf(match?.[2] ?? '', words)
  return match === null || unit === null ? null : `${match[1]}${unit}`
}

function unitOf(word: string, words: ReadonlyMap<string, string>): string | null {
  const lower = word.toLowerCase()
  return words.get(lower) ?? words.get(lower.replace(/s$/, '')) ?? null
}

/** Milliseconds as the file writes them, in the largest unit that is whole. */
export function durationText(ms: number): string {
  for (const [unit, size] of [...unitMs].toReversed()) if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  return `${ms}ms`
}

/** Bytes as the file writes them, in the largest unit that is whole. */
export function sizeText(bytes: number): string {
  for (const [unit, size] of [...unitBytes].toReversed()) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return `${bytes}b`
}

/** A rate as the file writes it. */
export function rateText({ limit, windowMs }: Rate): string {
  return `${limit}/${durationText(windowMs).replace(/^1(?=[a-z])/, '')}`
}

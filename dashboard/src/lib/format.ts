const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** 4,812,907. */
export function count(n: number): string {
  return whole.format(n)
}

/** Three figures at most: 412, 18.4, 0.21. */
export function figure(n: number): string {
  if (n === 0) return '0'
  const abs = Math.abs(n)
  if (abs >= 1_000_000) return `${trimmed(n / 1_000_000, abs >= 10_000_000 ? 1 : 2)} M`
  if (abs >= 10_000) return `${trimmed(n / 1000, 1)} k`
  return trimmed(n, abs >= 100 ? 0 : abs >= 10 ? 1 : 2)
}

function trimmed(n: number, digits: number): string {
  return n.toLocaleString('en', { maximumFractionDigits: digits })
}

/** Of a share from 0 to 1: 94 %, 0.21 %. */
export function percent(share: number): string {
  return `${figure(share * 100)} %`
}

/** Of microseconds: 84 ms, 0.9 ms, 1.2 s. */
export function duration(us: number): string {
  if (us < 10_000) return `${(us / 1000).toFixed(1)} ms`
  if (us < 1_000_000) return `${Math.round(us / 1000)} ms`
  return `${trimmed(us / 1_000_000, us < 10_000_000 ? 1 : 0)} s`
}

/** How long, for people: 6 s, 2 min 14 s, 3 h 20 min, 4 d. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 600) return parts(seconds, [60, 'min'], [1, 's'])
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`
  if (seconds < 86_400) return parts(seconds, [3600, 'h'], [60, 'min'])
  return parts(seconds, [86_400, 'd'], [3600, 'h'])
}

type Unit = readonly [seconds: number, name: string]

function parts(seconds: number, [big, bigName]: Unit, [small, smallName]: Unit): string {
  const rest = Math.floor((seconds % big) / small)
  return `${Math.floor(seconds / big)} ${bigName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}

/** Of a window of a limit: 1 min, 10 s, 1 h. */
export function windowOf(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`
  if (ms % 60_000 === 0) return `${ms / 60_000} min`
  return `${ms / 1000} s`
}

/** 14:02:59.243, of the browser's own time zone. */
export function clock(ms: number): string {
  const date = new Date(ms)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** 14:02:59. */
export function clockSeconds(ms: number): string {
  return clock(ms).slice(0, 8)
}

/** 2026-11-24 14:02, of the browser's own time zone. */
export function dateTime(ms: number): string {
  const date = new Date(ms)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** The same moment in UTC, for a title: 2026-11-24T13:02:59.243Z. */
export function utc(ms: number): string {
  return new Date(ms).toISOString()
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}

/** `1 record`, `2 records`. */
export function plural(n: number, one: string, many: string = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`
}

/** Of bytes: 512 B, 1.2 kB. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`
  if (n < 1_000_000) return `${trimmed(n / 1000, 1)} kB`
  return `${trimmed(n / 1_000_000, 1)} MB`
}

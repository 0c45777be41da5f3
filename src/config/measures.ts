import { bad, good, type Kind, mistaken, textKind } from './kinds.ts'
import {
  durationText,
  meantDuration,
  meantRate,
  meantSize,
  parseDuration,
  parseRate,
  parseSize,
  type Rate,
  sizeText,
} from './units.ts'

/** A duration between two others, both included and written as in the file; whole milliseconds but for `pace`. */
export function durationKind(
  least: string,
  most: string,
  options: { fractions: boolean } = { fractions: false },
): Kind<number> {
  const [leastMs, mostMs] = [parseDuration(least) ?? 0, parseDuration(most) ?? Infinity]
  return textKind({
    noun: 'a duration',
    how: 'write a number and its unit: 250ms, 30s, 5m, 12h, 90d',
    schema: { pattern: '^\\d{1,12}(?:\\.\\d{1,6})?(?:ms|s|m|h|d)$' },
    parse: parseDuration,
    meant: (text) => meantDuration(text) ?? (/^\d{1,12}$/.test(text) ? `${text}s` : null),
    check: (ms) => {
      if (ms < leastMs) return bad('GH-C009', 'is too short', `at least ${least}`)
      if (ms > mostMs) return bad('GH-C009', 'is too long', `at most ${most}`)
      if (Number.isInteger(ms) || options.fractions) return good(ms)
      return mistaken('GH-C008', 'is not a whole number of milliseconds', {
        guess: `write ${durationText(Math.round(ms))}`,
      })
    },
  })
}

/** A size in bytes between two others, both included and written as in the file. */
export function sizeKind(least: string, most: string): Kind<number> {
  const [leastBytes, mostBytes] = [parseSize(least) ?? 0, parseSize(most) ?? Infinity]
  return textKind({
    noun: 'a size',
    how: 'write a number and its unit: 512b, 64kb, 10mb, 1gb',
    schema: { pattern: '^\\d{1,12}(?:\\.\\d{1,6})?(?:b|kb|mb|gb)$' },
    parse: parseSize,
    meant: (text) => meantSize(text) ?? (/^\d{1,12}$/.test(text) ? sizeText(Number(text)) : null),
    check: (bytes) => {
      if (bytes < leastBytes) return bad('GH-C009', 'is too small', `at least ${least}`)
      if (bytes > mostBytes) return bad('GH-C009', 'is too large', `at most ${most}`)
      return Number.isInteger(bytes) ? good(bytes) : bad('GH-C008', 'is not a whole number of bytes')
    },
  })
}

const rateLimitMax = 1_000_000_000
const windowMsMin = 1000
const windowMsMax = 31 * 86_400_000

/** How many in which time. */
export const rateKind: Kind<Rate> = textKind({
  noun: 'a rate',
  how: 'write a number and a time: 20/s, 600/m, 1000/h, 50/10s',
  schema: { pattern: '^\\d{1,12}/\\d{0,6}(?:s|m|h|d)$' },
  parse: parseRate,
  meant: (text) => meantRate(text) ?? (/^\d{1,12}$/.test(text) ? `${text}/m` : null),
  check: (rate) => {
    if (rate.limit < 1) return bad('GH-C009', 'admits nothing', 'at least 1; to close a route, leave it out')
    if (rate.limit > rateLimitMax) return bad('GH-C009', 'is too high', `at most ${rateLimitMax} in a window`)
    if (rate.windowMs < windowMsMin)
      return bad('GH-C009', 'has too short a window', `at least ${durationText(windowMsMin)}`)
    return rate.windowMs > windowMsMax
      ? bad('GH-C009', 'has too long a window', `at most ${durationText(windowMsMax)}`)
      : good(rate)
  },
})

/** A size of shared memory of which positions are counted modulo 2³²: only a power of two goes into that without a rest. */
export function powerOfTwoKind(least: string, most: string): Kind<number> {
  const size = sizeKind(least, most)
  return {
    schema: size.schema,
    read: (value) => {
      const read = size.read(value)
      if (!read.ok || Number.isInteger(Math.log2(read.value))) return read
      const near = sizeText(2 ** Math.round(Math.log2(read.value)))
      return mistaken('GH-C008', 'is not a power of two', {
        guess: `did you mean "${near}"?`,
        hint: 'write 1mb, 2mb, 4mb, 8mb …',
      })
    },
  }
}

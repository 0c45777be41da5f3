import { randomBytes } from 'node:crypto'

/** Gives that many fresh random bytes; in production `randomBytes`. */
export type RandomSource = (bytes: number) => Uint8Array

/** The digits in the order of their values. */
export const base62Digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/**
 * That many random base62 digits, every digit equally likely: bytes from 248 on are thrown away, for 256 is no multiple
 * of 62 and a plain remainder would favour the first eight digits. 43 digits carry 256 bits.
 */
export function randomBase62(digits: number, random: RandomSource = randomBytes): string {
  let text = ''
  while (text.length < digits) {
    for (const byte of random(digits - text.length)) {
      if (byte < fairBytes) text += base62Digits.charAt(byte % 62)
    }
  }
  return text
}

const fairBytes = 248

/** The number in base62, padded on the left with `0` to that many digits. */
export function encodeBase62(value: number, digits: number): string {
  let text = ''
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) text = base62Digits.charAt(rest % 62) + text
  return text.padStart(digits, '0')
}

/**
 * The number that the base62 digits of `text` between `start` and `end` stand for, -1 when one of them is no digit. Exact up
 * to 8 digits; of more it tells that they are digits.
 */
export function decodeBase62(text: string, start: number, end: number): number {
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = digitValues[text.charCodeAt(i)] ?? noDigit
    if (digit === noDigit) return -1
    value = value * 62 + digit
  }
  return value
}

const noDigit = 255
/** By ASCII code. */
const digitValues = new Uint8Array(128).fill(noDigit)
for (let i = 0; i < base62Digits.length; i++) digitValues[base62Digits.charCodeAt(i)] = i

import type { BodyFacts } from './body-facts.ts'
import { classify } from './data-classes.ts'
import { typeBits } from './field-tree.ts'

const pairsMax = 256

/** Reads `application/x-www-form-urlencoded`, a query too: each name is a field, each value a text. */
export function scanForm(text: string, facts: BodyFacts): void {
  let at = 0
  for (let pairs = 0; at < text.length && pairs < pairsMax; pairs++) {
    const next = text.indexOf('&', at)
    const end = next === -1 ? text.length : next
    const equals = text.indexOf('=', at)
    const isPair = equals !== -1 && equals < end
    if (end > at) pair(text.slice(at, isPair ? equals : end), isPair ? text.slice(equals + 1, end) : '', facts)
    at = end + 1
  }
}

function pair(name: string, value: string, facts: BodyFacts): void {
  const key = encoder.encode(decoded(name))
  let hash = 0x811c9dc5
  for (const char of key) hash = Math.imul(hash ^ char, 0x01000193)
  const node = facts.tree.child(facts.tree.root, key, { start: 0, end: key.length, hash: hash ^ key.length })
  const bytes = encoder.encode(decoded(value))
  const range = { start: 0, end: bytes.length }
  facts.meet(node, typeBits.text)
  facts.value(node, bytes, range)
  classify(bytes, range, facts.counts)
}

const encoder = new TextEncoder()

/** What cannot be decoded stands for itself. */
export function decoded(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

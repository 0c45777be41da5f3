import { type ApiRequest, refusal, type Refusal } from '../../../core/mod.ts'
import { decodedText } from './decoded-text.ts'
import { createLiteralScan } from './literal-scan.ts'
import { signatureRules } from './rules.ts'

/** Signatures that one record names at most. */
const signaturesMax = 8

/** Fields in which attacks come; others are for the application alone. */
const fields = ['user-agent', 'referer', 'x-forwarded-host', 'x-api-version', 'accept-language', 'origin'] as const

const literals = signatureRules.flatMap((rule, index) => rule.literals.map((literal) => ({ literal, index })))
const scan = createLiteralScan(literals.map(({ literal }) => literal))

/**
 * `sqli-union@query`: which signatures of attacks a request carries in its path, query and fields, and where; never what it
 * sent. Linear in the length of what is looked at.
 */
export function signaturesIn({
  path,
  query,
  headers,
}: Pick<ApiRequest, 'path' | 'query' | 'headers'>): readonly string[] {
  let found = none
  found = look(path, 'path', found)
  if (query !== '') found = look(query, 'query', found)
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (looksAt.has(name)) found = look(headers[i + 1] ?? '', name, found)
  }
  return found
}

const none: readonly string[] = []
const looksAt: ReadonlySet<string> = new Set(fields)

/** The ids of the rules that a text matches. */
export function matchesOf(text: string, isAgent: boolean): readonly string[] {
  const decoded = decodedText(text)
  let candidates = 0
  scan.scan(decoded, (literal) => {
    candidates |= 1 << (literals[literal]?.index ?? 0)
  })
  if (candidates === 0) return none
  return signatureRules
    .filter(
      ({ agentOnly = false, pattern }, index) =>
        (candidates & (1 << index)) !== 0 && (!agentOnly || isAgent) && pattern.test(decoded),
    )
    .map(({ id }) => id)
}

function look(text: string, place: string, found: readonly string[]): readonly string[] {
  const ids = matchesOf(text, place === 'user-agent')
  if (ids.length === 0) return found
  return [...found, ...ids.map((id) => `${id}@${place}`)].slice(0, signaturesMax)
}

/** What an API that refuses attacks says. What was found stands in the record alone. */
export function payloadRefused(found: readonly string[]): Refusal {
  return refusal('payload_refused', 'The request carries what looks like an attack', { note: found.join(', ') })
}

import type { Headers } from '../../core/mod.ts'

/** What of ours the header fields carry. `strip` names the fields that it stood in. */
export type Presented =
  /** No credential of ours; a foreign one in `Authorization` may be there. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'key'; readonly text: string; readonly strip: readonly string[] }
  /** Something that claims to be a key of ours, in a form in which none is accepted. */
  | { readonly kind: 'misplaced'; readonly note: string; readonly strip: readonly string[] }
  /** More than one credential: whichever we took, somebody else could take the other. */
  | { readonly kind: 'ambiguous'; readonly note: string; readonly strip: readonly string[] }

/**
 * Looks for an API key in the two places where one may stand: `Authorization: Bearer gthk_…`, and `X-API-Key`, which is ours
 * whatever it holds. An `Authorization` that holds something else is left to others, beside an `X-API-Key` too: it may be
 * meant for the API behind us. A repeated field is ambiguous whatever it holds.
 */
export function presentedKey(headers: Headers): Presented {
  let authorization: string | null = null
  let apiKey: string | null = null
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'authorization') {
      if (authorization !== null) return { kind: 'ambiguous', note: 'Authorization was sent twice', strip: both }
      authorization = headers[i + 1] ?? ''
    } else if (headers[i] === 'x-api-key') {
      if (apiKey !== null) return { kind: 'ambiguous', note: 'X-API-Key was sent twice', strip: both }
      apiKey = headers[i + 1] ?? ''
    }
  }
  if (authorization === null || !claimsOurs.test(authorization)) return inApiKey(apiKey)
  if (apiKey !== null) return { kind: 'ambiguous', note: 'Authorization and X-API-Key were both sent', strip: both }
  return inAuthorization(authorization)
}

const fromAuthorization = ['authorization']
const fromApiKey = ['x-api-key']
const both = ['authorization', 'x-api-key']

/** A key of ours as a word of its own, wherever; not one inside of a longer token, where five letters come by chance. */
const claimsOurs = /(?:^|[\s,;="'])gthk_/

function inApiKey(text: string | null): Presented {
  return text === null ? nothing : { kind: 'key', text, strip: fromApiKey }
}

const nothing: Presented = { kind: 'nothing' }

/** The scheme is written in any case, with one space or more behind it (RFC 9110 section 11). */
function inAuthorization(authorization: string): Presented {
  const scheme = /^bearer +/i.exec(authorization)
  if (scheme === null) {
    return { kind: 'misplaced', note: 'the key in Authorization is not behind Bearer', strip: fromAuthorization }
  }
  return { kind: 'key', text: authorization.slice(scheme[0].length), strip: fromAuthorization }
}

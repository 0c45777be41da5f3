import { concatBytes, encodeUint, readUint32 } from './bytes.ts'
import { TlogError } from './errors.ts'
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8, quote } from './text.ts'

/** Largest note that is read. */
export const noteBytesMax = 1_048_576

/** Most signature lines of a note that is read; the specification asks for at least 16. */
export const noteSignaturesMax = 100

/** One signature line, of whom it says it is; proven by nothing yet. */
export interface NoteSignature {
  readonly name: string
  /** The four bytes that, with the name, tell which key. */
  readonly keyId: number
  /** At least one byte; what it means depends on the type of the key. */
  readonly signature: Uint8Array
}

/** A text with its signatures (c2sp.org/signed-note). The text ends with a newline; empty lines may stand in it. */
export interface Note {
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const dash = '\u2014 '

/** Parses a signed note; refuses everything that `formatNote` would not write, byte for byte. */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > noteBytesMax)
    throw new TlogError('malformed', `A note of ${bytes.length} bytes exceeds ${noteBytesMax}`)
  const whole = decodeUtf8(bytes)
  assertNoControls(whole)
  // The last blank line, not the first: a text may hold empty lines, a signature may not.
  const split = whole.lastIndexOf('\n\n')
  if (split === -1) throw new TlogError('malformed', 'The note has no signatures')
  const lines = whole.slice(split + 2).split('\n')
  if (lines.pop() !== '' || lines.length === 0)
    throw new TlogError('malformed', 'The note does not end with a signature line')
  if (lines.length > noteSignaturesMax)
    throw new TlogError('malformed', `The note has more than ${noteSignaturesMax} signatures`)
  return { text: whole.slice(0, split + 1), signatures: lines.map(parseSignatureLine) }
}

function parseSignatureLine(line: string): NoteSignature {
  const [name = '', encoded, ...rest] = line.startsWith(dash) ? line.slice(dash.length).split(' ') : []
  if (!isKeyName(name) || encoded === undefined || rest.length > 0) {
    throw new TlogError('malformed', `Not a signature line: ${quote(line)}`)
  }
  const blob = decodeBase64(encoded)
  if (blob.length < 5)
    throw new TlogError('malformed', `A signature of ${blob.length} bytes holds no key id and signature`)
  return { name, keyId: readUint32(blob, 0), signature: blob.subarray(4) }
}

/** Writes a signed note; refuses what `parseNote` would refuse. */
export function formatNote(text: string, signatures: readonly NoteSignature[]): Uint8Array {
  assertNoteText(text)
  if (signatures.length === 0 || signatures.length > noteSignaturesMax) {
    throw new TlogError('out_of_range', `A note has 1 to ${noteSignaturesMax} signatures, not ${signatures.length}`)
  }
  return encodeUtf8(`${text}\n${signatures.map(formatSignatureLine).join('')}`)
}

/** One line with its newline, as one appends to a note that is signed already. */
export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  if (!isKeyName(name) || signature.length === 0)
    throw new TlogError('out_of_range', `Cannot write a signature by ${quote(name)}`)
  return `${dash}${name} ${encodeBase64(concatBytes([encodeUint(keyId, 4), signature]))}\n`
}

/** Throws unless the text can be signed: it ends with a newline, and is free of other control characters. */
export function assertNoteText(text: string): void {
  if (!text.endsWith('\n')) throw new TlogError('out_of_range', 'The text of a note ends with a newline')
  assertNoControls(text)
}

function assertNoControls(text: string): void {
  const at = controlIn(text)
  if (at !== -1) throw new TlogError('malformed', `A note holds no control character, at character ${at}`)
}

/** Where the first control character other than a newline stands, or -1. */
function controlIn(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 && code !== 0x0a) return at
  }
  return -1
}

/** Not empty, no white space as Unicode has it, no plus. */
export function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\p{White_Space}+]/u.test(name) && controlIn(name) === -1
}

/** Looks for words in the bytes of files, in the forms in which a program writes words. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface Found {
  readonly canary: string
  /** From the folder. */
  readonly file: string
  readonly form: string
}

/** Where each word stands in the folder, in any file: as it is, in UTF-16, hexadecimal, base64 or percent-encoded. */
export function findCanaries(folder: string, canaries: Readonly<Record<string, string>>): readonly Found[] {
  const wanted = Object.entries(canaries).flatMap(([canary, word]) =>
    formsOf(word).map(([form, bytes]) => ({ canary, form, bytes })),
  )
  return filesOf(folder).flatMap((path) => {
    const bytes = readFileSync(path)
    return wanted
      .filter((one) => bytes.includes(one.bytes))
      .map(({ canary, form }) => ({ canary, form, file: relative(folder, path) }))
  })
}

/** Every file below the folder; sockets and pipes hold nothing. */
export function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** The forms of a word by their names. */
export function formsOf(word: string): readonly (readonly [form: string, bytes: Buffer])[] {
  const bytes = Buffer.from(word)
  const hex = bytes.toString('hex')
  const forms: [string, Buffer][] = [
    ['plain', bytes],
    ['utf-16', Buffer.from(word, 'utf16le')],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
  ]
  const percent = encodeURIComponent(word)
  if (percent !== word) forms.push(['percent', Buffer.from(percent)])
  // Base64 has three forms of a text, by where in three bytes it begins; what its neighbours share is left out.
  for (const before of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(before), bytes])
    const whole = padded.subarray(0, padded.length - (padded.length % 3))
    const text = whole.toString('base64').slice(before === 0 ? 0 : 4)
    forms.push([`base64+${before}`, Buffer.from(text)])
    const url = text.replaceAll('+', '-').replaceAll('/', '_')
    if (url !== text) forms.push([`base64url+${before}`, Buffer.from(url)])
  }
  return forms
}

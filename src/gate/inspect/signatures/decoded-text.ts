/** Of one text no more is decoded and looked at. */
export const textCharsMax = 16_384

/**
 * A text as an application behind us may come to read it: percent-encoding taken off twice, overlong UTF-8 and `%uXXXX` too,
 * character references of HTML resolved, Unicode in its compatibility form, small letters.
 */
export function decodedText(text: string): string {
  let decoded = text.slice(0, textCharsMax)
  for (let round = 0; round < 2 && decoded.includes('%'); round++) decoded = unescaped(decoded)
  if (decoded.includes('&'))
    decoded = decoded.replaceAll(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(lt|gt|quot|apos|amp));?/g, referred)
  if (decoded.includes('+')) decoded = decoded.replaceAll('+', ' ')
  // oxlint-disable-next-line no-control-regex -- everything that is not ASCII
  if (/[^\u0000-\u007f]/.test(decoded)) decoded = decoded.normalize('NFKC')
  return decoded.toLowerCase()
}

function unescaped(text: string): string {
  return text
    .replaceAll(/%u([0-9a-fA-F]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replaceAll(/%[cC]([01])%([89abAB][0-9a-fA-F])/g, (_, high: string, low: string) =>
      String.fromCharCode((Number(high) << 6) | (Number.parseInt(low, 16) & 0x3f)),
    )
    .replaceAll(/(?:%[0-9a-fA-F]{2}){1,200}/g, bytesOf)
}

const utf8 = new TextDecoder()

function bytesOf(escapes: string): string {
  const bytes = new Uint8Array(escapes.length / 3)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(escapes.slice(i * 3 + 1, i * 3 + 3), 16)
  return utf8.decode(bytes)
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

function referred(whole: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) return named[name] ?? whole
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
}

/** Our own keys and tokens as they look in any text: `gthk_live_…`, `gtha_…`. */
const secret = /(gth[ka]_)\w+/g
const escape = /%([0-7][0-9a-f])/gi

/** Whether a key or token of ours may stand in the text, as it is or percent-encoded. Cheap where there is none. */
export function hasSecret(text: string): boolean {
  return text.includes('gth') || (text.includes('%') && decoded(text).includes('gth'))
}

/** The text with what follows `gthk_` or `gtha_` masked; all of it where the secret is percent-encoded. */
export function withoutSecrets(text: string): string {
  const masked = text.replaceAll(secret, '$1***')
  return decoded(masked).search(secret) === -1 ? masked : '***'
}

function decoded(text: string): string {
  return text.replaceAll(escape, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

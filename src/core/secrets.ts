/**
 * Our own keys and tokens as they look in any text: `gthk_live_…`, `gtha_…`, `gths_…`. Any character may be percent-encoded,
 * and that more than once (`%67`, `%2567`), for whoever reads the text may decode it as often.
 */
const again = '%(?:25)*'
const wordByte = '(?:3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA])'
const secret = new RegExp(
  `(?:g|${again}67)(?:t|${again}74)(?:h|${again}68)(?:(k|${again}6[bB])|(a|${again}61)|(?:s|${again}73))` +
    `(?:_|${again}5[fF])(?:\\w|${again}${wordByte})+`,
  'g',
)

/**
 * The text with every key and token of ours in it masked: `gthk_***`. Masking it again changes nothing. Where there is none it
 * costs two searches for a substring, and in percent-encoded texts one more pass.
 */
export function withoutSecrets(text: string): string {
  if (!text.includes('gth') && !text.includes('%')) return text
  return text.replaceAll(secret, (_, key?: string, admin?: string) => {
    if (key !== undefined) return 'gthk_***'
    return admin === undefined ? 'gths_***' : 'gtha_***'
  })
}

/** An IPv4 address as a whole number of 32 bits, signed: four decimal numbers without leading zeros; null for anything else. */
export function ipv4Number(text: string): number | null {
  let address = 0
  let part = 0
  let digits = 0
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === dot) {
      if (digits === 0 || ++dots > 3) return null
      address = (address << 8) | part
      part = 0
      digits = 0
      continue
    }
    if (code < zero || code > zero + 9 || (digits > 0 && part === 0)) return null
    part = part * 10 + code - zero
    digits++
    if (part > 255) return null
  }
  return dots === 3 && digits > 0 ? (address << 8) | part : null
}

const dot = 46
const zero = 48

/** As text a small body joins the head in one write; as bytes it would take a second buffer, and a slower system call. */
export const joinedBytesMax = 12_288

/** Each byte as one character. */
export function latin1Of(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return buffer.toString('latin1')
}

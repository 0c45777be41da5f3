import { GatehouseError } from '../core/mod.ts'

/** One frame on the wire: `u32be length of the rest | u8 type | payload`. */
export interface Frame {
  readonly type: number
  readonly payload: Buffer
}

/** Larger than any part that either side sends; a longer length is noise or an attack, never a buffer. */
export const frameBytesMax: number = 16 * 1024 * 1024

/** A frame with a binary payload. */
export function encodeFrame(type: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(5 + payload.length)
  frame.writeUInt32BE(1 + payload.length, 0)
  frame[4] = type
  frame.set(payload, 5)
  return frame
}

/** Cuts a byte stream into frames. Throws `link_broken` on a length that no side would send. */
export function createFrameReader(): (chunk: Buffer) => Frame[] {
  let pending: Buffer[] = []
  let pendingBytes = 0
  let needBytes = 4
  return (chunk) => {
    pending.push(chunk)
    pendingBytes += chunk.length
    if (pendingBytes < needBytes) return [] // A frame of many chunks is joined once, when it is whole.
    let buffer = pending.length === 1 ? chunk : Buffer.concat(pending)
    const frames: Frame[] = []
    needBytes = 4
    while (buffer.length >= 4) {
      const length = buffer.readUInt32BE(0)
      if (length < 1 || length > frameBytesMax)
        throw new GatehouseError('link_broken', `Cannot read the link: a frame of ${length} bytes`)
      if (buffer.length < 4 + length) {
        needBytes = 4 + length
        break
      }
      frames.push({ type: buffer[4] ?? 0, payload: buffer.subarray(5, 4 + length) })
      buffer = buffer.subarray(4 + length)
    }
    pending = buffer.length === 0 ? [] : [buffer]
    pendingBytes = buffer.length
    return frames
  }
}

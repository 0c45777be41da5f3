import { brotliDecompressSync, constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'

/** Decoded bytes of a body that are looked at. */
export const lookedBytesMax = 65_536
/** What a compressed body may become before it is given up: a bomb costs no more than this. */
const decodedBytesMax = 262_144

/** A decoded body, or why there is none. */
export type Decoded = { readonly bytes: Uint8Array } | { readonly skipped: 'encoding' | 'expands' }

/**
 * Takes off one content coding (RFC 9110 8.4.1). Synchronous: what is given is at most `lookedBytesMax`, and a thread spends
 * only a share of its time on this. A body that was cut is decoded as far as it goes.
 */
export function decodeBody(bytes: Uint8Array, coding: string): Decoded {
  try {
    switch (coding) {
      case '':
      case 'identity':
        return { bytes }
      case 'gzip':
      case 'x-gzip':
        return { bytes: gunzipSync(bytes, zlibOptions) }
      case 'deflate':
        return { bytes: inflateSync(bytes, zlibOptions) }
      case 'br':
        return {
          bytes: brotliDecompressSync(bytes, {
            finishFlush: constants.BROTLI_OPERATION_FLUSH,
            maxOutputLength: decodedBytesMax,
          }),
        }
      case 'zstd':
        return {
          bytes: zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush, maxOutputLength: decodedBytesMax }),
        }
      default:
        return { skipped: 'encoding' }
    }
  } catch (error) {
    return { skipped: error instanceof RangeError ? 'expands' : 'encoding' }
  }
}

const zlibOptions = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: decodedBytesMax }

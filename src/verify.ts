/**
 * `gatehouse/verify`: checks logs and receipts, in a browser, in Node, in anything that has WebCrypto with Ed25519.
 *
 * Whoever verifies gets the log's key elsewhere than from the log, and keeps a checkpoint: a log that shows this one today
 * and another tomorrow is found by nothing else.
 *
 * Architecture invariant: nothing here, nor in what it imports, touches a built-in module of Node.
 * @module
 */
import {
  encodeHex,
  leafHash,
  type LogReport,
  parsePublicPart,
  parseRecord,
  parseTlogProof,
  parseVerifierKey,
  type CanonicalObject,
  type ReadFile,
  sha256,
  TlogError,
  verifyLog,
  type VerifySignature,
  verifyTlogProof,
} from './tlog/mod.ts'

export * from './tlog/mod.ts'

/** Ed25519 by the platform's WebCrypto. */
export const verifyEd25519: VerifySignature = async (publicKey, message, signature) => {
  try {
    const key = await crypto.subtle.importKey('raw', owned(publicKey), 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', key, owned(signature), owned(message))
  } catch (error) {
    if (isUnsupported(error)) throw error
    return false // a key that is no point on the curve
  }
}

/** WebCrypto takes no views of shared memory, as which the compiler sees any view. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

function isUnsupported(error: unknown): boolean {
  return error instanceof Error && error.name === 'NotSupportedError'
}

export interface ReadOptions {
  /** The admin token, for a log that is served by the admin API. @default none */
  readonly token?: string
  /** Longest wait for one file. @default 10,000 */
  readonly fileMs?: number
}

/** Reads a log's files below a URL by `fetch`. A file that is longer than it can rightly be is cut off. */
export function readFrom(logUrl: string, { token, fileMs = 10_000 }: ReadOptions = {}): ReadFile {
  const base = logUrl.endsWith('/') ? logUrl : `${logUrl}/`
  return async (path, bytesMax) => {
    const response = await fetch(new URL(path, base), {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(fileMs),
    })
    if (response.status === 404) {
      await response.body?.cancel()
      return null
    }
    if (!response.ok) throw new Error(`The server answered ${response.status}`)
    return await bytesOf(response, bytesMax)
  }
}

async function bytesOf(response: Response, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = response.body?.getReader() // not every browser iterates over streams
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
    const chunk = read.value as Uint8Array // of a body, as the standard has it
    chunks.push(chunk)
    length += chunk.length
    if (length > bytesMax) await reader?.cancel()
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

export interface PublishedLogOptions extends ReadOptions {
  /** Where `checkpoint` and `tile/` are, such as `https://gate.example.com/ledger/access`. */
  readonly url: string
  /** The log's key as `name+id+base64`, got elsewhere than from this URL. Its name is the log's origin. */
  readonly vkey: string
  /** A checkpoint that one has kept. @default none */
  readonly since?: Uint8Array
  /** Ends the verification with a throw of its reason. @default none */
  readonly signal?: AbortSignal
}

/** Verifies all of a served log; see `verifyLog` for what that is. */
export async function verifyPublishedLog(options: PublishedLogOptions): Promise<LogReport> {
  const key = parseVerifierKey(sha256, options.vkey.trim())
  return await verifyLog({
    read: readFrom(options.url, options),
    hash: sha256,
    verify: verifyEd25519,
    keys: [key],
    origin: key.name,
    ...(options.since === undefined ? {} : { since: options.since }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
}

export interface ReceiptOptions {
  /** The `.tlog-proof` as bytes. */
  readonly proof: Uint8Array
  readonly vkey: string
  /** The record that one means; without it the one that the receipt carries. @default the receipt's own */
  readonly record?: Uint8Array
}

/** What a receipt proves. */
export interface Receipt {
  readonly origin: string
  /** The record's place. */
  readonly index: number
  /** Of the log when the checkpoint was signed. */
  readonly size: number
  /** In hex. */
  readonly root: string
  /** The bytes that are proven to be in the log. */
  readonly record: Uint8Array
  /** The clear part of the record; its sealed part takes the key. */
  readonly publicPart: CanonicalObject
  /** When the log took the record, by its own clock; microseconds since 1970. */
  readonly committedUs: number
}

/** Proves that a record is in the log of this key. Throws a `TlogError` that says why it is not. */
export async function verifyReceipt({ proof, vkey, record }: ReceiptOptions): Promise<Receipt> {
  const key = parseVerifierKey(sha256, vkey.trim())
  const parsed = parseTlogProof(proof)
  const bytes = record ?? parsed.extra
  if (bytes === null) throw new TlogError('malformed', 'The receipt carries no record, and none was given')
  const signed = await verifyTlogProof(parsed, leafHash(sha256, bytes), {
    hash: sha256,
    verify: verifyEd25519,
    keys: [key],
    origin: key.name,
  })
  const stamped = parseRecord(bytes)
  if (stamped.sequence !== parsed.index)
    throw new TlogError(
      'proof_invalid',
      `The record names itself number ${stamped.sequence} and is number ${parsed.index}`,
    )
  const { origin, size, root } = signed.checkpoint
  return {
    origin,
    index: parsed.index,
    size,
    root: encodeHex(root),
    record: bytes,
    publicPart: parsePublicPart(stamped),
    committedUs: stamped.committedUs,
  }
}

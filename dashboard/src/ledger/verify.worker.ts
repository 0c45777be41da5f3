import {
  encodeHex,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  readFrom,
  sha256,
  verifyEd25519,
  verifyLog,
} from 'gatehouse/verify'
import type { VerifyNews, VerifyTask } from './verify-messages.ts'

// Reads and checks a whole log, in a thread of its own so that the page stays alive. The same program that strangers use.

const newsMs = 100
const faultsMax = 200

addEventListener('message', ({ data }: MessageEvent<VerifyTask>) => {
  verify(data).then(tell, (error: unknown) =>
    tell({ kind: 'failed', why: error instanceof Error ? error.message : String(error) }),
  )
})

function tell(news: VerifyNews): void {
  postMessage(news)
}

async function verify({ url, vkey, since }: VerifyTask): Promise<VerifyNews> {
  const begunMs = performance.now()
  const key = parseVerifierKey(sha256, vkey.trim())
  const read = readFrom(url)
  let checkpoint = ''
  let bytes = 0
  const progress = createProgress()
  const report = await verifyLog({
    read: async (path, bytesMax) => {
      const content = await read(path, bytesMax)
      bytes += content?.length ?? 0
      if (path === 'checkpoint' && content !== null) {
        checkpoint = new TextDecoder().decode(content)
        progress.begin(content)
      } else progress.read(path)
      return content
    },
    hash: sha256,
    verify: verifyEd25519,
    keys: [key],
    origin: key.name,
    faultsMax,
    ...(since === '' ? {} : { since: new TextEncoder().encode(since) }),
  })
  const { verdict, origin, size, signers, entriesChecked, prunedTo, faults, faultsTotal } = report
  return {
    kind: 'done',
    verified: {
      verdict,
      origin,
      size,
      signers,
      entriesChecked,
      prunedTo,
      faults,
      faultsTotal,
      root: report.root === null ? null : encodeHex(report.root),
      checkpoint,
      elapsedMs: performance.now() - begunMs,
      bytes,
    },
  }
}

const bundleRecords = 256

/** Tells how far it is, by the bundles of records that were read. */
function createProgress(): { begin(note: Uint8Array): void; read(path: string): void } {
  let total = 0
  let done = 0
  let toldMs = 0
  return {
    begin: (note) => {
      try {
        total = Math.ceil(parseCheckpoint(parseNote(note).text).size / bundleRecords)
      } catch {
        // What is no checkpoint is a fault, and is told as one.
      }
    },
    read: (path) => {
      if (!path.startsWith('tile/entries/')) return
      done++
      if (performance.now() - toldMs < newsMs) return
      toldMs = performance.now()
      tell({ kind: 'progress', done, total })
    },
  }
}

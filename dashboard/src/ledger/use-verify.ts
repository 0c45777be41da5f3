import { useCallback, useEffect, useRef, useState } from 'react'
import { type KnownLog, knownLog, type LogName, rememberLog } from './known-logs.ts'
import { vkeyOf } from './receipt.ts'
import type { Verified, VerifyNews } from './verify-messages.ts'

/** How a verification stands. */
export type Verification =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'done'
      readonly verified: Verified
      /** What this browser knew of the log before; null: nothing. */
      readonly before: KnownLog | null
      /** Whether the key came from somewhere else than the log itself. */
      readonly keyGiven: boolean
    }
  /** The log shows another key than the one that this browser knows. */
  | { readonly kind: 'other-key'; readonly vkey: string; readonly before: KnownLog }
  | { readonly kind: 'failed'; readonly why: string }

/** Verifies a log in this browser; `start` takes a key that was kept elsewhere, or '' for the log's own. */
export function useVerify(log: LogName): {
  readonly verification: Verification
  readonly start: (vkey: string) => void
} {
  const [verification, setVerification] = useState<Verification>({ kind: 'idle' })
  const worker = useRef<Worker | null>(null)
  useEffect(() => () => worker.current?.terminate(), [])
  const run = useCallback(
    async (given: string): Promise<void> => {
      const vkey = given === '' ? await vkeyOf(log) : given
      const before = knownLog(vkey)
      if (before !== null && before.vkey !== vkey && given === '') {
        setVerification({ kind: 'other-key', vkey, before })
        return
      }
      worker.current?.terminate()
      const started = new Worker(new URL('verify.worker.ts', import.meta.url), { type: 'module' })
      worker.current = started
      started.addEventListener('error', () => setVerification({ kind: 'failed', why: 'The verifying thread ended' }))
      started.addEventListener('message', ({ data }: MessageEvent<VerifyNews>) => {
        if (data.kind === 'progress') return setVerification({ ...data, kind: 'running' })
        if (data.kind === 'failed') return setVerification(data)
        setVerification({ kind: 'done', verified: data.verified, before, keyGiven: given !== '' })
        remember(vkey, { before, verified: data.verified })
        started.terminate()
      })
      started.postMessage({ url: `${location.origin}/ledger/${log}`, vkey, since: before?.checkpoint ?? '' })
    },
    [log],
  )
  const start = useCallback(
    (vkey: string): void => {
      setVerification({ kind: 'running', done: 0, total: 0 })
      run(vkey).catch((error: unknown) =>
        setVerification({ kind: 'failed', why: error instanceof Error ? error.message : String(error) }),
      )
    },
    [run],
  )
  return { verification, start }
}

/** Only what is intact is remembered: the next verification must find it again. */
function remember(vkey: string, { before, verified }: { before: KnownLog | null; verified: Verified }): void {
  if (verified.verdict === 'tampered' || verified.size === null) return
  rememberLog({
    vkey,
    firstSeenMs: before?.firstSeenMs ?? Date.now(),
    checkpoint: verified.checkpoint,
    size: verified.size,
    verifiedAtMs: Date.now(),
  })
}

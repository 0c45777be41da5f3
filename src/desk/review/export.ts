import { encodeHex, encodeUtf8, sha256 } from '../../tlog/mod.ts'
import { canonicalText } from './digest.ts'
import { reportPage } from './report-page.ts'
import type { ReviewResults } from './results.ts'
import type { ReviewRun } from './run.ts'
import { samplingText } from './sample.ts'
import { manifestOf } from './sign.ts'

/** A review as it leaves the house: nothing of it is kept on disk, both forms are made anew from what is kept. */
export interface ReviewExport {
  /** Canonical JSON (RFC 8785): the same review gives the same bytes. */
  readonly json: string
  /** SHA-256 of it, hex. */
  readonly jsonDigest: string
  /** One page without scripts and without anything to load. */
  readonly html: string
  /** Without its extension. */
  readonly fileName: string
}

/** How whoever has only the file can check it; part of every export. */
export const checkingText = `The manifest is what was signed. SHA-256 of its canonical JSON (RFC 8785) is manifestDigest, and stands in the record review.signed of the audit log, together with the name of the signer.
manifest.resultsDigest is the same of results, and results.digests of results.checks (without those whose source is desk), results.differences and results.sample.
results.pins names the records that were reviewed: those from 'from' to before 'to', and the root (RFC 6962) of the tree of the first 'to' records of each log. checkpoint is the signed checkpoint (c2sp.org/tlog-checkpoint) that covers it, vkey the key that signed it.
results.proofs holds the inclusion proof (c2sp.org/tlog-proof) of each sampled record: gatehouse verify --proof FILE --vkey KEY checks one.
gatehouse reviews replay runs the checks again over the same records.`

/** The export of a run, signed or not; one that is not signed says so. */
export function exportOf(run: ReviewRun, results: ReviewResults): ReviewExport {
  const manifest = manifestOf(run, results)
  const { signOff } = run
  const json = canonicalText({
    format: 'gatehouse-review-export/1',
    state: run.state,
    checking: checkingText,
    sampling: samplingText,
    manifest,
    manifestDigest: signOff?.manifestDigest ?? '',
    results,
  })
  return {
    json,
    jsonDigest: encodeHex(sha256(encodeUtf8(json))),
    html: reportPage(run, results),
    fileName: `gatehouse-review-${run.id.replaceAll(/[^\w.-]/g, '-')}`,
  }
}

import { type GateStatus, type LedgerLog, messageOf } from '../../core/mod.ts'
import {
  leafHash,
  parseCheckpoint,
  parseNote,
  parseTlogProof,
  parseVerifierKey,
  type Sha256,
  sha256,
  type VerifySignature,
  verifyTlogProof,
} from '../../tlog/mod.ts'
import { encodeUtf8 } from '../../tlog/mod.ts'
import type { Reading } from './find.ts'
import { hashesToRoot } from './hashes.ts'
import type { ReviewLedger } from './ledger.ts'
import { beginsWith, type Pin } from './pin.ts'
import type { Sample, Trust, TrustFact } from './results.ts'
import type { ScanReport } from './scan.ts'

/** The checkpoints that an earlier run saw: what was signed then must still be the beginning of what is signed now. */
export type SeenBefore = Readonly<Record<LedgerLog, { readonly size: number; readonly root: string }>> & {
  readonly run: string
}

/** Counts the requests of a range that can be searched; for the coverage of the query index. */
export interface IndexCount {
  requests(from: number, to: number): Promise<number>
}

export interface TrustParts {
  readonly ledger: ReviewLedger
  readonly verify: VerifySignature
  readonly hash: Sha256
  readonly pins: { readonly access: Pin; readonly audit: Pin }
  readonly reading: Reading
  readonly sample: Sample
  /** Requests of the range: its terminal records. */
  readonly requests: number
  readonly seenBefore: SeenBefore | null
  readonly status: GateStatus | null
  readonly index: IndexCount | null
  /** '' for a run that came in time. */
  readonly lateReason: string
}

/** Whether the review can rest on what it read, fact by fact; and the inclusion proofs of what it sampled. */
export async function trustOf(parts: TrustParts): Promise<{ trust: Trust; proofs: Record<string, string> }> {
  const { pins, reading, lateReason } = parts
  const { proofs, proven } = await provenSample(parts)
  const drawn = parts.sample.records.length
  const facts: TrustFact[] = [
    covered('access', pins.access, reading.access),
    covered('audit', pins.audit, reading.audit),
    ...(await indexed(parts)),
    signed(pins.access),
    signed(pins.audit),
    await hashed(pins.access, parts),
    await hashed(pins.audit, parts),
    await grown(parts),
    scrubbed(parts.status),
    fact('sample_proven', 'Sampled records are in the signed log', proven === drawn, {
      ok: `${proven} of ${drawn} sampled records have a proof that leads to the signed checkpoint`,
      limited: `Only ${proven} of ${drawn} sampled records have a proof that leads to the signed checkpoint`,
    }),
    fact('clock', 'The clock was not set', reading.clockSteps === 0, {
      ok: 'No step of the clock in the period',
      limited: `The clock was set ${reading.clockSteps} times in the period: times are not comparable across a step`,
    }),
    {
      id: 'running',
      title: 'The gateway ran',
      state: 'ok',
      text: `${reading.gateStarts} starts in the period; ${reading.unended} answers were begun in it and end outside of it; ${reading.amended} records were amended`,
    },
    fact('in_time', 'The run came in time', lateReason === '', { ok: 'It ran when it was due', limited: lateReason }),
  ]
  const limitations = facts.filter(({ state }) => state === 'limited').map(({ title, text }) => `${title}: ${text}`)
  return { trust: { facts, limitations }, proofs }
}

function fact(
  id: string,
  title: string,
  holds: boolean,
  texts: { readonly ok: string; readonly limited: string },
): TrustFact {
  return { id, title, state: holds ? 'ok' : 'limited', text: holds ? texts.ok : texts.limited }
}

function covered(log: LedgerLog, { from, to }: Pin, { read, gaps }: ScanReport): TrustFact {
  const gone = gaps.map((gap) => `${gap.from} to ${gap.to - 1}`).join(', ')
  return fact(`coverage_${log}`, `All records of the ${log} log were read`, read === to - from && gaps.length === 0, {
    ok: `${read} of ${to - from} records, ${from} to before ${to}, without a gap`,
    limited: `${read} of ${to - from} records, ${from} to before ${to}; missing: ${gone}`,
  })
}

async function indexed({ index, requests, pins: { access } }: TrustParts): Promise<TrustFact[]> {
  if (index === null || access.from === access.to) return []
  const title = 'The search index has all of them'
  const checked = 'the checks read the ledger itself and saw all of them'
  try {
    const count = await index.requests(access.from, access.to)
    return [
      fact('coverage_index', title, count === requests, {
        ok: `${count} requests can be searched`,
        limited: `${count} of ${requests} requests can be searched; ${checked}`,
      }),
    ]
  } catch (error) {
    const text = `The index does not answer: ${messageOf(error)}; ${checked}`
    return [{ id: 'coverage_index', title, state: 'limited', text }]
  }
}

function signed({ log, to, checkpoint, checkpointSize, fault }: Pin): TrustFact {
  if (checkpoint === '')
    return { id: `signed_${log}`, title: `The ${log} log is what was signed`, state: 'ok', text: 'It is empty' }
  return fact(`signed_${log}`, `The ${log} log is what was signed`, fault === '', {
    ok: `The root of the first ${to} records is the beginning of the checkpoint over ${checkpointSize}, whose signature is good`,
    limited: fault,
  })
}

/** What was read, once more as it lies on the disk: hashed record by record, up to the root that was signed. */
async function hashed(pin: Pin, { ledger, hash, status }: TrustParts): Promise<TrustFact> {
  const { log, from, to } = pin
  const [id, title] = [`hashed_${log}`, `The records of the ${log} log hash to that root`]
  if (to - from > hashedMax) {
    const scrub = status?.ledger.logs[log].scrub
    const many = `${to - from} records are too many to hash in a review`
    return fact(id, title, scrub !== undefined && scrub.lastRoundAtMs !== null && scrub.faults === 0, {
      ok: `${many}; the ledger’s own re-reading has hashed them`,
      limited: `${many}, and the ledger’s own re-reading has not done a round yet: run gatehouse verify`,
    })
  }
  const found = await hashesToRoot(pin, { ledger, hash })
  return { id, title, state: found.holds ? 'ok' : 'limited', text: found.text }
}

/** Records of a range that are hashed one by one. */
const hashedMax = 500_000

async function grown({ seenBefore, ledger, verify }: TrustParts): Promise<TrustFact> {
  const title = 'The logs contain what the last review saw'
  if (seenBefore === null) return { id: 'grown', title, state: 'ok', text: 'This is the first review of these logs' }
  const { access, audit, run } = seenBefore
  const how = { ledger, verify }
  const isSame = (await beginsWith('access', access, how)) && (await beginsWith('audit', audit, how))
  const saw = `${access.size} and ${audit.size} records that ${run} saw`
  return fact('grown', title, isSame, {
    ok: `Both logs begin with the ${saw}`,
    limited: `The logs no longer begin with the ${saw}`,
  })
}

/** The standing re-reading of the whole disk, which takes its time. */
function scrubbed(status: GateStatus | null): TrustFact {
  const title = 'The ledger’s own re-reading found no fault'
  if (status === null)
    return { id: 'scrubbed', title, state: 'limited', text: 'The gate does not say how its ledger is' }
  const { access, audit } = status.ledger.logs
  const faults = access.scrub.faults + audit.scrub.faults
  return fact('scrubbed', title, faults === 0, {
    ok: `No faults; last rounds ${momentOf(access.scrub.lastRoundAtMs)} and ${momentOf(audit.scrub.lastRoundAtMs)}`,
    limited: `${faults} faults were found: run gatehouse verify`,
  })
}

function momentOf(ms: number | null): string {
  return ms === null ? 'under way for the first time' : new Date(ms).toISOString()
}

async function provenSample({ sample, ledger, verify, pins: { access } }: TrustParts): Promise<{
  proofs: Record<string, string>
  proven: number
}> {
  const proofs: Record<string, string> = {}
  let proven = 0
  for (const { seq } of sample.records) {
    const text = await ledger.proof('access', seq)
    proofs[String(seq)] = text ?? ''
    if (text !== null && (await isProven(text, { seq, vkey: access.vkey, verify }))) proven++
  }
  return { proofs, proven }
}

async function isProven(
  text: string,
  { seq, vkey, verify }: { readonly seq: number; readonly vkey: string; readonly verify: VerifySignature },
): Promise<boolean> {
  try {
    const proof = parseTlogProof(encodeUtf8(text))
    if (proof.index !== seq || proof.extra === null) return false
    const { origin } = parseCheckpoint(parseNote(proof.checkpoint).text)
    const keys = [parseVerifierKey(sha256, vkey)]
    await verifyTlogProof(proof, leafHash(sha256, proof.extra), { hash: sha256, verify, keys, origin })
    return true
  } catch {
    // Whatever is wrong with it: a proof that does not prove.
    return false
  }
}

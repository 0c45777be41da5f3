/**
 * The mathematics of transparency logs, as the public specifications have them: RFC 6962 trees, c2sp.org tiles, signed notes,
 * checkpoints, cosignatures and proofs; the records of our own logs; and the verification of a whole log.
 *
 * Architecture invariant: `tlog` imports nothing and touches no built-in module. SHA-256, signature checks and files are passed
 * in, so that a browser can verify what a server wrote.
 * @module
 */
export { type AddCheckpoint, consistencyLinesMax, formatAddCheckpoint, parseAddCheckpoint } from './add-checkpoint.ts'
export { concatBytes } from './bytes.ts'
export {
  canonicalJson,
  jsonDepthMax,
  parseCanonicalJson,
  type CanonicalObject,
  type CanonicalValue,
} from './canonical-json.ts'
export { assertCanonicalObject } from './canonical-json-check.ts'
export {
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  type Checkpoint,
  type SignedCheckpoint,
} from './checkpoint.ts'
export {
  appendLeaf,
  appendNode,
  decodeRange,
  emptyRange,
  encodeRange,
  mergeRanges,
  rangeRoot,
  type CompactRange,
  type PerfectNode,
} from './compact-range.ts'
export {
  bundleBytesOf,
  encodeBundle,
  entryBytesMax,
  parseBundle,
  readBundle,
  writeBundle,
  type BundleReading,
} from './entry-bundle.ts'
export { TlogError, tlogErrorCodes, type TlogErrorCode } from './errors.ts'
export type { Fault, FaultKind } from './log-faults.ts'
export type { ReadFile } from './log-files.ts'
export { coveringNodes, hashBytes, leafHash, nodeHash, rootOf, type NodeId, type Sha256 } from './merkle.ts'
export {
  formatNote,
  formatSignatureLine,
  isKeyName,
  noteBytesMax,
  noteSignaturesMax,
  parseNote,
  type Note,
  type NoteSignature,
} from './note.ts'
export {
  buildProof,
  planConsistency,
  planInclusion,
  verifyConsistency,
  verifyInclusion,
  type ConsistencyClaim,
  type HashReader,
  type InclusionClaim,
  type ProofPlan,
} from './proofs.ts'
export {
  encodeRecord,
  macInput,
  padPlaintext,
  parsePublicPart,
  parseRecord,
  recordBytesMax,
  recordLayout,
  stampRecord,
  unpadPlaintext,
  type LogRecord,
  type SealedPart,
  type Stamp,
  type UnstampedRecord,
} from './record.ts'
export { sha256 } from './sha256.ts'
export {
  claimsOf,
  cosignature,
  cosignatureMessage,
  noteMessage,
  noteSignature,
  openNote,
  type OpenedNote,
  type SignatureClaim,
  type Signer,
  type VerifySignature,
} from './signatures.ts'
export {
  decodeBase64,
  decodeHex,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  formatDecimal,
  parseDecimal,
} from './text.ts'
export { parseTilePath, tileLevelMax, tilePath, tileWidth, type TileAddress } from './tile-path.ts'
export {
  emptyEdge,
  growTiles,
  partialTiles,
  splitTile,
  tileHashReader,
  tileWidthIn,
  type Tile,
  type TileEdge,
  type TileReader,
} from './tiles.ts'
export { formatTlogProof, parseTlogProof, verifyTlogProof, type ProofTrust, type TlogProof } from './tlog-proof.ts'
export { formatVerifierKey, parseVerifierKey, verifierKey, type KeyType, type VerifierKey } from './verifier-key.ts'
export { parseWitnessPolicy, policyLinesMax, type PolicyWitness, type WitnessPolicy } from './witness-policy.ts'
export { verifyLog, type LogReport, type VerifyLogOptions } from './verify-log.ts'

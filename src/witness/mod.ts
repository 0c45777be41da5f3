/**
 * A witness of logs (c2sp.org/tlog-witness): it cosigns a checkpoint only when that contains everything it cosigned before, so
 * that no log can show different people different histories unseen. A program of its own, on another machine than the log's.
 *
 * Architecture invariant: what is cosigned is on disk before it is signed; two processes on one folder cannot cosign two histories.
 * @module
 */
export { openWitness, type Witness, type WitnessAnswer, type WitnessOptions } from './witness.ts'
export { openWitnessServer, type WitnessServer, type WitnessServerOptions } from './witness-server.ts'
export { openCosigner, type Cosigner, type CosignerOptions, type WitnessStanding } from './cosigner.ts'

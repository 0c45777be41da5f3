/**
 * Detectors: what in the access log a person should look at. Findings leave here; what becomes of them is not decided here.
 *
 * Architecture invariant: the same records from the same state give the same findings, and no record makes a detector throw.
 * @module
 */
export { type Detection, type DetectionOptions, openDetection } from './detection.ts'
export type { Bound, Detector, DetectorOptions, EventPlace } from './detector.ts'
export { createDetectors, type DetectSettings, detectSettingsDefault, findingsIn } from './detectors.ts'
export { networkOf, type Network } from './networks.ts'
export { type Rule, rules } from './rules.ts'

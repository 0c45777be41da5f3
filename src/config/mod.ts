/**
 * File, environment and secrets become one `Config`; every default stands in one place, and every mistake in a file is
 * told with its line and its remedy, all of them at once.
 *
 * Architecture invariant: nothing that a file says makes this room throw, and no value that came from an environment
 * variable or a secret's file leaves it in a message.
 * @module
 */
export { type Address, addressText, isLoopback, parseAddress } from './addresses.ts'
export type { Config } from './compose.ts'
export { commentedExample } from './example.ts'
export { jsonSchema } from './json-schema.ts'
export type { JsonSchema } from './kinds.ts'
export { configFor, type LoadedConfig, loadConfig, type LoadOptions } from './load-config.ts'
export type { AlertsConfig, NotifyTarget } from './section-notify.ts'
export { type Problem, type ProblemCode, problemCodes } from './problems.ts'
export type { Environment } from './references.ts'
export type { KeysConfig } from './section-keys.ts'
export type { SinkConfig, SinkOnly } from './section-sinks.ts'
export { durationText, parseDuration, parseRate, parseSize, type Rate, rateText, sizeText } from './units.ts'

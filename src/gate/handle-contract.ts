import {
  type Api,
  type ContractRules,
  type ContractViolation,
  type Headers,
  headerValue,
  type JsonRules,
  type Refusal,
  refusal,
  withoutSecrets,
} from '../core/mod.ts'
import {
  compileContract,
  type Contract,
  essenceOf,
  isJsonType,
  jsonBreach,
  type Operation,
  violationsMax,
} from '../openapi/mod.ts'
import type { Exchange, ForwardFailure, UpstreamReply } from './engine/mod.ts'

/** What the bodies and parameters of an API are held to; compiled once per revision. */
export interface ContractPlan {
  readonly contract: Contract | null
  readonly rules: ContractRules | null
  readonly json: JsonRules | null
}

/** A request that was held to it: what was asked for, and what does not fit. */
export interface Inspected {
  readonly kind: 'inspected'
  readonly operation: Operation | null
  readonly refusal: Refusal | null
  /** False: it is recorded alone. */
  readonly refuses: boolean
}

// Keys and networks change far more often than documents, and none of them makes a new one.
const compiled = new WeakMap<ContractRules, Contract>()

/** The plan of an API; null where nothing of it is looked at. */
export function compileContractPlan({ contract: rules = null, json = null }: Api): ContractPlan | null {
  if (rules === null && json === null) return null
  let contract = rules === null ? null : (compiled.get(rules) ?? null)
  if (rules !== null && contract === null) {
    contract = compileContract(rules.document)
    compiled.set(rules, contract)
  }
  return { contract, rules, json }
}

/** Holds a request to its plan: parameters first, then the body, which is read for it and sent on as it came. */
export async function inspectRequest(exchange: Exchange, plan: ContractPlan): Promise<Inspected | ForwardFailure> {
  const { request } = exchange
  const { rules } = plan
  const operation = plan.contract?.find(request.method, request.path) ?? null
  if (rules !== null && operation === null && rules.unknownPaths !== 'allow') {
    const unknown = refusal('no_route', 'No such resource', { note: 'not in the contract' })
    return { kind: 'inspected', operation, refusal: unknown, refuses: rules.unknownPaths === 'refuse' }
  }
  const mode = rules === null || operation === null ? 'off' : rules.requests
  const checked = mode === 'off' ? null : operation
  const found: ContractViolation[] = checked === null ? [] : [...checked.checkHead(request)]
  const body = await inspectBody(exchange, plan, checked?.takesBody === true ? checked : null)
  if ('kind' in body) return body
  found.push(...body.found)
  return verdict(operation, found, mode === 'refuse' || body.isUnbounded)
}

interface InspectedBody {
  readonly found: readonly ContractViolation[]
  /** A bound of JSON is broken, which is refused whatever the contract's mode is. */
  readonly isUnbounded: boolean
}

const nothing: InspectedBody = { found: [], isUnbounded: false }

async function inspectBody(
  exchange: Exchange,
  { rules, json: bounds }: ContractPlan,
  operation: Operation | null,
): Promise<InspectedBody | ForwardFailure> {
  const { request } = exchange
  const contentType = headerValue(request.headers, 'content-type')
  if (request.bodyBytes === 0)
    return operation === null ? nothing : { found: operation.checkBody(contentType, null), isUnbounded: false }
  const json = bounds !== null && isJsonType(essenceOf(contentType)) ? bounds : null
  if (operation === null && json === null) return nothing
  const bytesMax = Math.max(operation === null ? 0 : (rules?.bodyBytesMax ?? 0), json?.bodyBytesMax ?? 0)
  const read = await exchange.readBody(bytesMax)
  if (read.kind === 'failure') return read
  const bytes = read.kind === 'larger' ? null : read.bytes
  const breach = json === null ? null : breachOf(bytes, json)
  if (breach !== null) return { found: [inBody(breach)], isUnbounded: true }
  if (operation === null) return nothing
  if (bytes === null) return { found: [inBody('tooLarge')], isUnbounded: false }
  if (isEncoded(request.headers)) return { found: [inBody('encoding')], isUnbounded: false }
  return { found: operation.checkBody(contentType, bytes.length === 0 ? null : bytes), isUnbounded: false }
}

function breachOf(bytes: Uint8Array | null, json: JsonRules): string | null {
  if (bytes !== null && bytes.length <= json.bodyBytesMax) return jsonBreach(bytes, json)
  return json.larger === 'refuse' ? 'tooLarge' : null
}

function inBody(rule: string): ContractViolation {
  return { in: 'body', at: '', rule }
}

function verdict(operation: Operation | null, found: readonly ContractViolation[], refuses: boolean): Inspected {
  if (found.length === 0) return { kind: 'inspected', operation, refusal: null, refuses }
  const violations = found.slice(0, violationsMax)
  const why = refusal('contract_violated', 'The request does not fit what the API accepts', {
    note: noteOf(violations),
  })
  return { kind: 'inspected', operation, refusal: { ...why, violations }, refuses }
}

/** By what a request was inspected, for its answer. */
export interface Contracted {
  readonly plan: ContractPlan | null
  readonly operation: Operation | null
}

/** An API without a plan. */
export const uncontracted: Contracted = { plan: null, operation: null }

/** How an answer is to be looked at. */
export interface AnswerChecks {
  readonly mode: ContractRules['responses']
  /** It is held whole up to this size for that. */
  readonly holdBytesMax: number
  /** Fields for the upstream: what is looked at must not be compressed. */
  readonly add: Headers
}

const unchecked: AnswerChecks = { mode: 'off', holdBytesMax: 0, add: [] }
const plainCoding: Headers = ['accept-encoding', 'identity']

/** Whether, and how strictly, the answer to a request is looked at. */
export function answerMode({ plan, operation }: Contracted): AnswerChecks {
  if (operation === null || plan === null || plan.rules === null || plan.rules.responses === 'off') return unchecked
  return { mode: plan.rules.responses, holdBytesMax: plan.rules.bodyBytesMax, add: plainCoding }
}

/**
 * Holds an answer to its contract; null for one that fits, or that is not looked at. One that is not whole cannot fit where
 * answers are refused, and is not looked at where they are reported: it may be a stream.
 */
export function inspectAnswer({ operation }: Contracted, reply: UpstreamReply, checks: AnswerChecks): Refusal | null {
  if (checks.mode === 'off' || operation === null || !operation.looksAt(reply.status)) return null
  if (checks.mode === 'report' && !reply.complete) return null
  const found = answerViolations(operation, reply, checks.holdBytesMax)
  if (found.length === 0) return null
  return refusal('answer_violated', 'The API behind the gateway sent an invalid answer', { note: noteOf(found) })
}

function answerViolations(operation: Operation, reply: UpstreamReply, bytesMax: number): readonly ContractViolation[] {
  const { status, headers, held } = reply
  const bytes = held.reduce((sum, chunk) => sum + chunk.length, 0)
  if (!reply.complete || bytes > bytesMax) return [inBody('tooLarge')]
  if (isEncoded(headers)) return [inBody('encoding')]
  const body = held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held)
  return operation.checkAnswer({ status, contentType: headerValue(headers, 'content-type'), body })
}

function isEncoded(headers: readonly string[]): boolean {
  const coding = headerValue(headers, 'content-encoding')
  return coding !== null && coding.trim().toLowerCase() !== 'identity'
}

const noteCharsMax = 200
const placeCharsMax = 60

/** `body /items/0/price minimum; query page type`: places and rules, never a value. */
function noteOf(violations: readonly ContractViolation[]): string {
  const text = violations.map(({ in: where, at, rule }) => `${where} ${placeOf(at)}${rule}`).join('; ')
  return withoutSecrets(text).slice(0, noteCharsMax)
}

function placeOf(at: string): string {
  if (at === '') return ''
  // Names of members are the caller's: nothing of them steers a terminal.
  return `${at.replaceAll(/[^ -~]/g, '·').slice(0, placeCharsMax)} `
}

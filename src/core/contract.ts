/** What happens where a message does not fit: nothing is looked at, it is recorded, or the message is refused. */
export type ContractMode = 'off' | 'report' | 'refuse'

/** An OpenAPI document by which the requests and answers of an API are checked. */
export interface ContractRules {
  readonly requests: ContractMode
  readonly responses: ContractMode
  /** Requests for a path or a method that the document does not have. */
  readonly unknownPaths: 'allow' | 'report' | 'refuse'
  /** Larger bodies cannot be checked, and so do not fit. */
  readonly bodyBytesMax: number
  /** The document as parsed: plain JSON, which the configuration has compiled once and found good. */
  readonly document: unknown
}

/** What JSON bodies of requests may hold, whatever they mean. Null: not bounded. */
export interface JsonRules {
  readonly depthMax: number
  readonly membersMax: number | null
  readonly stringBytesMax: number | null
  readonly duplicateKeys: 'allow' | 'refuse'
  readonly protoKeys: 'allow' | 'refuse'
  /** Larger bodies are not looked at; `larger` says what becomes of them. */
  readonly bodyBytesMax: number
  readonly larger: 'allow' | 'refuse'
}

/** One thing that a message breaks: where, and which rule. Never a value. */
export interface ContractViolation {
  readonly in: 'path' | 'query' | 'header' | 'cookie' | 'body'
  /** The parameter, or a pointer into the body (RFC 6901). */
  readonly at: string
  /** A keyword of JSON Schema, or a word of ours such as `required` or `contentType`. */
  readonly rule: string
}

/** A rule about a network of callers, set while the gate runs, usually until some time. */
export interface NetworkRule {
  /** `net_` and 12 hex digits. */
  readonly id: string
  /** Always with its length and without bits behind it: `203.0.113.7/32`, `2001:db8::/32`. */
  readonly cidr: string
  /** `block` refuses; `allow` excepts from a block of a wider network or of the same one. */
  readonly verdict: 'block' | 'allow'
  /** Why, in somebody's words; '' for nothing. */
  readonly reason: string
  readonly createdAtMs: number
  /** Wall time from which it no longer holds; null: until it is released. */
  readonly expiresAtMs: number | null
  /** Who set it, as in the audit log. */
  readonly by: string
}

/** Most rules about networks at one time: each gateway thread holds all of them. */
export const networkRulesMax = 10_000

import * as z from 'zod'
import { networkKind } from './address-kinds.ts'
import { leaf, section } from './kinds.ts'

/** `outbound:` what Gatehouse may call by itself, for instance receivers of events and alerts. */
export interface OutboundSection {
  /** Networks that may be called although they are not public, such as `10.0.0.0/8`. */
  readonly allow: readonly string[]
}

const outboundMembers: z.ZodType<OutboundSection> = z.strictObject({
  allow: z
    .array(leaf(networkKind))
    .max(64)
    .prefault([])
    .describe('Networks that may be called by name although they are not public, such as 10.0.0.0/8'),
})

/** The section with its default: public addresses only, and what other sections name by its IP address. */
export const outboundSchema: z.ZodType<OutboundSection> = section(
  outboundMembers,
  'What Gatehouse may call by itself: receivers of events and alerts',
)

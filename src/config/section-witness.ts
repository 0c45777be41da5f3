import * as z from 'zod'
import { good, leaf, mistaken, type Kind, optional, section, setting } from './kinds.ts'
import { durationKind } from './measures.ts'

/** `witness:` who else has seen the logs; takes effect at a start. */
export interface WitnessSection {
  readonly policy: string | null
  /** Milliseconds. */
  readonly every: number
}

const policyCharsMax = 65_536
const policyKind: Kind<string> = {
  schema: { type: 'string', maxLength: policyCharsMax },
  read: (value) =>
    typeof value === 'string' && value.length <= policyCharsMax && /^[ \t]*quorum[ \t]/m.test(value)
      ? good(value)
      : mistaken('GH-C008', 'is not a policy of witnesses', {
          guess: null,
          hint: 'write its lines, `witness w1 <vkey> <url>` and `quorum w1`, or name its file: file:/path',
        }),
}

const members: z.ZodType<WitnessSection> = z.strictObject({
  policy: optional(
    leaf(policyKind),
    'Which witnesses are asked, and how many of them are enough (c2sp.org/tlog-policy): the text, or file:/path; nobody is asked when left out',
  ),
  every: setting(durationKind('1s', '1h'), '60s', 'How often the newest checkpoints are shown to the witnesses'),
})

/** The section with its defaults. */
export const witnessSchema: z.ZodType<WitnessSection> = section(
  members,
  'Witnesses, who cosign the checkpoints of the logs, so that no history can be replaced unseen',
)

/** Which witnesses are asked, and how often. */
export interface WitnessConfig {
  /** c2sp.org/tlog-policy; null: nobody is asked. */
  readonly policy: string | null
  readonly everyMs: number
}

/** What the section says. */
export function composeWitness({ policy, every }: WitnessSection): WitnessConfig {
  return { policy, everyMs: every }
}

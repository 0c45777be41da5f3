import type { Credential } from '../../core/mod.ts'
import { type Check, joined, listing } from './check.ts'
import type { CheckRow } from './results.ts'

/** What the control store is asked, as it stands when the run is made. */
export const deskChecks: readonly Check[] = [
  {
    id: 'credentials_due',
    version: 1,
    title: 'Keys to renew',
    about:
      'Keys that expire within 14 days, that are older than 90 days, or that nobody has used for 90 days, as of the run.',
    severity: 'low',
    source: 'desk',
    begin: ({ credentials, consumerNames, nowMs }) => ({
      end: () =>
        listing(
          credentials
            .flatMap((credential) => {
              const why = whyDue(credential, nowMs)
              if (why === null) return []
              const key = joined(
                consumerNames.get(credential.consumerId) ?? credential.consumerId,
                `key ${credential.id}`,
              )
              return [{ key, text: `${key}: ${why}`, count: 1, places: [] } satisfies CheckRow]
            })
            .toSorted((a, b) => (a.key < b.key ? -1 : 1)),
        ),
    }),
  },
]

const dayMs = 86_400_000
const expiringMs = 14 * dayMs
const ageMsMax = 90 * dayMs

function whyDue({ createdAtMs, expiresAtMs, revokedAtMs, lastUsedAtMs }: Credential, nowMs: number): string | null {
  if (revokedAtMs !== null || (expiresAtMs !== null && expiresAtMs <= nowMs)) return null
  if (expiresAtMs !== null && expiresAtMs - nowMs < expiringMs) return `expires in ${days(expiresAtMs - nowMs)} days`
  if (nowMs - (lastUsedAtMs ?? createdAtMs) > ageMsMax)
    return `not used for ${days(nowMs - (lastUsedAtMs ?? createdAtMs))} days`
  return nowMs - createdAtMs > ageMsMax ? `${days(nowMs - createdAtMs)} days old` : null
}

function days(ms: number): number {
  return Math.floor(ms / dayMs)
}

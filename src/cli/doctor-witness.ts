import type { AdminClient } from './admin-client.ts'
import { advice, type Check, ok, wrong } from './check-up.ts'

interface Standing {
  readonly log: string
  readonly witness: string
  readonly state: string
  readonly size: number
  readonly cosignedAtMs: number | null
  readonly why: string | null
}

const oldMsMin = 10 * 60_000

/** Who else has seen the logs, and how long ago. */
export async function witnesses(client: Pick<AdminClient, 'get'>, nowMs: number): Promise<readonly Check[]> {
  // What our own server answers.
  const { items } = (await client.get('/v1/witnesses')) as { readonly items: readonly Standing[] }
  if (items.length > 0) return items.map((standing) => checkOf(standing, nowMs))
  return [
    advice(
      'witness',
      'no witness has seen the logs: whoever has the data folder and its keys can write another history',
      'Name witnesses under witness:, or keep checkpoints and vkeys elsewhere: gatehouse verify --since FILE --vkey FILE',
    ),
  ]
}

function checkOf({ log, witness, state, size, cosignedAtMs, why }: Standing, nowMs: number): Check {
  if (state === 'ahead' || state === 'disagrees')
    return wrong('witness', `${witness} disputes the ${log} log: ${why ?? state}`, `gatehouse verify --log ${log}`)
  if (cosignedAtMs === null)
    return advice('witness', `${witness} has not cosigned the ${log} log yet: ${why ?? state}`, 'Wait a minute')
  const ageMs = Math.max(0, nowMs - cosignedAtMs)
  const text = `${witness} cosigned ${size} records of the ${log} log ${Math.round(ageMs / 1000)} s ago`
  return ageMs < oldMsMin ? ok('witness', text) : advice('witness', `${text}: ${why ?? state}`, 'Ask its operator')
}

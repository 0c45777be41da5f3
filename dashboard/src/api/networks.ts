import type { NetworkRule } from '../../../src/core/network-rule.ts'
import { isInNetwork } from '../lib/address.ts'
import { getJson, send } from './client.ts'
import { type Read, readEvents } from './reads.ts'
import type { EventPage, ShownEvent } from './types.ts'

export type { NetworkRule }

/** Networks that are blocked or let through, by hand. */
export const networksRead: Read<{ readonly items: readonly NetworkRule[] }> = {
  queryKey: ['networks'],
  queryFn: ({ signal }) => getJson<{ readonly items: readonly NetworkRule[] }>('/v1/networks', { signal, by: 'page' }),
  refetchInterval: 5_000,
}

export interface BlockWish {
  /** An address or a network. */
  readonly network: string
  readonly expiresInMs: number
  readonly reason: string
}

/** Blocks a network for a while. */
export async function blockNetwork(wish: BlockWish): Promise<NetworkRule> {
  return await send<NetworkRule>('POST', '/v1/networks', { verdict: 'block', ...wish })
}

/** Ends a rule before its time. */
export async function releaseNetwork(id: string): Promise<void> {
  await send<unknown>('DELETE', `/v1/networks/${encodeURIComponent(id)}`)
}

/** What a block would have done to the newest records. */
export interface Effect {
  readonly lookedAt: number
  readonly sinceMs: number | null
  readonly hit: number
  /** Of those, how many were served. */
  readonly served: number
  readonly consumers: readonly string[]
}

const effectPages = 4
const pageRecords = 1_000

/** The effect on the newest records that this desk holds. */
export function effectRead(cidr: string): Read<Effect> {
  return {
    queryKey: ['effect', cidr],
    queryFn: async () => {
      const seen: ShownEvent[] = []
      let before: number | null = null
      for (let at = 0; at < effectPages; at++) {
        const page: EventPage = await readEvents(requests, { before, limit: pageRecords })
        seen.push(...page.items)
        before = page.next
        if (before === null) break
      }
      const hit = seen.filter(({ event }) => isInNetwork(event.clientIp, cidr))
      return {
        lookedAt: seen.length,
        sinceMs: seen.at(-1)?.event.receivedAtMs ?? null,
        hit: hit.length,
        served: hit.filter(({ event }) => event.outcome === 'served').length,
        consumers: [...new Set(hit.flatMap(({ event }) => event.consumer ?? []))],
      }
    },
    staleTime: 30_000,
  }
}

const requests = new URLSearchParams({ kind: 'request' })

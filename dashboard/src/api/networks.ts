import type { NetworkRule } from '../../../src/core/network-rule.ts'
import { isInNetwork } from '../lib/address.ts'
import { getJson, send } from './client.ts'
import { ask, numberIn } from './query.ts'
import { type Read, readEvents } from './reads.ts'

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

/** What a block would have done to the newest requests. */
export interface Effect {
  readonly lookedAt: number
  readonly sinceMs: number
  readonly hit: number
  /** Of those, how many were served. */
  readonly served: number
  readonly consumers: readonly string[]
}

/** The effect on all requests of the last day; where this desk has no index of them, on the newest that it holds. */
export function effectRead(cidr: string): Read<Effect> {
  return {
    queryKey: ['effect', cidr],
    queryFn: async () => (await effectByIndex(cidr)) ?? (await effectByMemory(cidr)),
    staleTime: 30_000,
  }
}

const dayMs = 86_400_000
const consumersMax = 100

async function effectByIndex(cidr: string): Promise<Effect | null> {
  const to = Date.now() + 1
  const range = { from: to - dayMs, to }
  const all = await ask('| count', range, 1)
  const hit = await ask(`ip:${cidr} | count, served by consumer`, range, consumersMax)
  if (all?.kind !== 'table' || hit?.kind !== 'table') return null
  const sum = (name: string): number => hit.rows.reduce((total, _row, at) => total + numberIn(hit, at, name), 0)
  const consumers = hit.rows.flatMap(([consumer]) => (typeof consumer === 'string' ? [consumer] : []))
  return { lookedAt: all.matched, sinceMs: range.from, hit: hit.matched, served: sum('served'), consumers }
}

const pageRecords = 1_000
const requests = new URLSearchParams({ kind: 'request' })

async function effectByMemory(cidr: string): Promise<Effect> {
  const { items } = await readEvents(requests, { before: null, limit: pageRecords })
  const hit = items.filter(({ event }) => isInNetwork(event.clientIp, cidr))
  return {
    lookedAt: items.length,
    sinceMs: items.at(-1)?.event.receivedAtMs ?? Date.now(),
    hit: hit.length,
    served: hit.filter(({ event }) => event.outcome === 'served').length,
    consumers: [...new Set(hit.flatMap(({ event }) => event.consumer ?? []))],
  }
}

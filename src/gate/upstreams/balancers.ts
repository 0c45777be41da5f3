import type { Balance } from '../../core/mod.ts'
import { createRing } from './ring.ts'

/** What a balancer knows of an upstream. */
export interface Member {
  /** Its place in the pool. */
  readonly index: number
  readonly key: string
  readonly weight: number
  /** Requests on their way to it. */
  readonly inflight: number
}

/** Chooses among members. Takes no time that grows with their number, but for a logarithm, and allocates nothing. */
export interface Balancer {
  /** `hash` is of the key of the request; where the balancer goes by something else it is not looked at. */
  pick(hash: number): Member
}

export interface BalancerDeps {
  /** 0 to 1. */
  readonly random: () => number
  /** Requests on their way to all members together. */
  readonly load: { readonly total: number }
}

/** A balancer over these members, at least one; made anew whenever one comes or goes. */
export function createBalancer(balance: Balance, members: readonly Member[], { random, load }: BalancerDeps): Balancer {
  if (balance === 'hash') return createRing(members, load)
  const turns = turnsOf(members)
  const at = (place: number): Member => members[turns[place] ?? 0] as Member // one for each place
  if (balance === 'least-requests') {
    return {
      pick: () => {
        // Two at random by weight, and the less busy one: far evener than one, and no look at all of them (Mitzenmacher 2001).
        const one = at(Math.floor(random() * turns.length))
        const other = at(Math.floor(random() * turns.length))
        return (other.inflight + 1) * one.weight < (one.inflight + 1) * other.weight ? other : one
      },
    }
  }
  // Threads that begin at the same place would all call the same upstream at the same time.
  let turn = Math.floor(random() * turns.length)
  return {
    pick: () => {
      turn = turn + 1 < turns.length ? turn + 1 : 0
      return at(turn)
    },
  }
}

/** One round in which each has as many turns as its weight says, spread as evenly as can be (nginx's smooth round robin). */
function turnsOf(members: readonly Member[]): Uint8Array {
  const divisor = members.reduce((sofar, { weight }) => divisorOf(sofar, weight), 0)
  const weights = members.map(({ weight }) => weight / divisor)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const turns = new Uint8Array(total)
  const credit = new Float64Array(members.length)
  for (let turn = 0; turn < total; turn++) {
    let best = 0
    for (let i = 0; i < weights.length; i++) {
      credit[i] = (credit[i] ?? 0) + (weights[i] ?? 0)
      if ((credit[i] ?? 0) > (credit[best] ?? 0)) best = i
    }
    credit[best] = (credit[best] ?? 0) - total
    turns[turn] = best
  }
  return turns
}

function divisorOf(one: number, other: number): number {
  return other === 0 ? one : divisorOf(other, one % other)
}

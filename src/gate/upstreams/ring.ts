import type { Balancer, Member } from './balancers.ts'
import { hashOf } from './random.ts'

/** Points of an upstream of mean weight: shares are even within about a tenth. */
const pointsEach = 160

/** No upstream gets more than this times its fair share of what is on its way (Mirrokni et al. 2018). */
const loadMax = 1.25

/**
 * Consistent hashing on a ring of points (ketama) with bounded load. Who leaves gives only his own keys away, to all the others;
 * a key whose upstream has too much on its way goes to the next on the ring.
 */
export function createRing(members: readonly Member[], load: { readonly total: number }): Balancer {
  const totalWeight = members.reduce((sum, { weight }) => sum + weight, 0)
  const points = members
    .flatMap((member, place) => {
      const count = Math.max(1, Math.round((pointsEach * members.length * member.weight) / totalWeight))
      return Array.from({ length: count }, (_, point) => ({ at: hashOf(`${point} ${member.key}`), place }))
    })
    .toSorted((one, other) => one.at - other.at || one.place - other.place)
  const ats = Uint32Array.from(points, ({ at }) => at)
  const places = Uint8Array.from(points, ({ place }) => place)
  return {
    pick: (hash) => {
      const bound = (loadMax * (load.total + 1)) / totalWeight
      const start = firstFrom(ats, hash)
      for (let step = 0; step < ats.length; step++) {
        const member = members[places[(start + step) % ats.length] ?? 0] as Member // one for each point
        if (member.inflight < Math.ceil(bound * member.weight)) return member
      }
      return members[places[start] ?? 0] as Member // not reached: their bounds together are more than there is
    },
  }
}

/** The first point at or behind this one; the first of all behind the last. */
function firstFrom(ats: Uint32Array, hash: number): number {
  let [low, high] = [0, ats.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ats[middle] ?? 0) < hash) low = middle + 1
    else high = middle
  }
  return low === ats.length ? 0 : low
}

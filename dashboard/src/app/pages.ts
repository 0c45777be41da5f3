import type { IconName } from '../parts/icons.tsx'

/** A page that there is. */
export interface Page {
  readonly path: '/' | '/live' | '/explore' | '/incidents' | '/ledger' | '/reviews' | '/networks'
  readonly name: string
  readonly group: 'Watch' | 'Control' | 'Prove'
  /** Behind `g`. */
  readonly key: string
  readonly icon?: IconName
}

/** In the order of the navigation. */
export const pages: readonly Page[] = [
  { path: '/', name: 'Overview', group: 'Watch', key: 'o' },
  { path: '/live', name: 'Live tail', group: 'Watch', key: 'l' },
  { path: '/explore', name: 'Explore', group: 'Watch', key: 'e' },
  { path: '/incidents', name: 'Incidents', group: 'Watch', key: 'i' },
  { path: '/networks', name: 'Networks', group: 'Control', key: 'n' },
  { path: '/ledger', name: 'Ledger', group: 'Prove', key: 'p' },
  { path: '/reviews', name: 'Reviews', group: 'Prove', key: 'r' },
]

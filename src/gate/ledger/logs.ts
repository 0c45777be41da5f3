/** The logs of one node. Both are written by the one ledger thread; each has files and sequence numbers of its own. */
export type LedgerLog = 'access' | 'audit'

/** In the order of their ids: the position in this list is the byte that stands in every ring frame. */
export const ledgerLogs: readonly LedgerLog[] = ['access', 'audit']

/** The byte that names this log in a ring frame. */
export function logIdOf(log: LedgerLog): number {
  return ledgerLogs.indexOf(log)
}

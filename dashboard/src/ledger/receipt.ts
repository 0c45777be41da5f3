import { type Receipt, TlogError, verifyReceipt } from 'gatehouse/verify'
import { getText } from '../api/client.ts'
import type { LogName } from './known-logs.ts'

/** The keys as this Gatehouse shows them now. */
export async function vkeyOf(log: LogName): Promise<string> {
  return (await getText(`/ledger/${log}/vkey`)).trim()
}

/** Checks a receipt with the key of a log, here. Throws a `TlogError` that says why it proves nothing. */
export async function checkReceipt(proof: Uint8Array, log: LogName): Promise<Receipt> {
  return await verifyReceipt({ proof, vkey: await vkeyOf(log) })
}

/** A receipt with the log that it is of. */
export interface FoundReceipt extends Receipt {
  readonly log: LogName
}

/** Checks a receipt of either log. */
export async function checkAnyReceipt(proof: Uint8Array): Promise<FoundReceipt> {
  try {
    return { ...(await checkReceipt(proof, 'access')), log: 'access' }
  } catch (error) {
    if (!(error instanceof TlogError) || error.code === 'malformed') throw error
    try {
      return { ...(await checkReceipt(proof, 'audit')), log: 'audit' }
    } catch {
      throw error // of the log whose receipts people have
    }
  }
}

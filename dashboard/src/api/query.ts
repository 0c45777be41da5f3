import { ApiError, getJson } from './client.ts'
import type { Answered } from './types.ts'

/** Where a question is asked: by times, or by places in the ledger. */
export type Range =
  | { readonly from: number; readonly to: number }
  | { readonly seqFrom: number; readonly seqTo: number }

/** Asks the index of all requests; null where this desk has none. */
export async function ask(q: string, range: Range, limit: number): Promise<Answered | null> {
  const params = new URLSearchParams({ q, limit: String(limit) })
  for (const [name, value] of Object.entries(range)) params.set(name, String(value))
  try {
    return await getJson<Answered>(`/v1/query?${params.toString()}`, { by: 'page' })
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.code === 'unreachable')) return null
    throw error
  }
}

/** A number of a table's row, by the name of its column. */
export function numberIn(answer: Answered, row: number, name: string): number {
  if (answer.kind !== 'table') return 0
  const at = answer.columns.findIndex((column) => column.name === name)
  return Number(answer.rows[row]?.[at] ?? 0)
}

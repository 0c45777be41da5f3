import { Buffer } from 'node:buffer'
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'
import { type Consumer, type Credential, GatehouseError } from '../../core/mod.ts'
import type { Sealer } from '../../crypto/mod.ts'

/** A row as SQLite gives it; strict tables vouch for the types of its columns. */
export type Row = Readonly<Record<string, SQLOutputValue>>
/** Named parameters of a statement. */
export type Parameters = Record<string, SQLInputValue>

/** What the rows of the control store say in the open: ids and times. All else is sealed, each value for its own place. */
export interface SealedRows {
  seal(value: unknown, place: string): Uint8Array
  open(sealed: SQLOutputValue | undefined, place: string): unknown
  consumerRow(consumer: Consumer): Parameters
  consumerOf(row: Row): Consumer
  credentialRow(credential: Credential): Parameters
  credentialOf(row: Row): Credential
}

export function openSealedRows(sealer: Sealer): SealedRows {
  const seal = (value: unknown, place: string): Uint8Array => sealer.seal(Buffer.from(JSON.stringify(value)), place)
  const open = (sealed: SQLOutputValue | undefined, place: string): unknown => {
    if (!(sealed instanceof Uint8Array))
      throw new GatehouseError('store_unreadable', `Cannot open ${place} of the control store: nothing is there`)
    return JSON.parse(sealer.open(sealed, place).toString('utf8')) as unknown
  }
  return {
    seal,
    open,
    consumerRow: (consumer) => ({
      id: consumer.id,
      name_tag: sealer.tag(consumer.name),
      sealed: seal(consumer, `consumer/${consumer.id}`),
    }),
    consumerOf: (row) => open(row['sealed'], `consumer/${text(row['id'])}`) as Consumer, // written by consumerRow
    credentialRow: (credential) => ({
      id: credential.id,
      consumer_id: credential.consumerId,
      hmac_tag: sealer.tag(credential.hmac),
      last_used_at_ms: credential.lastUsedAtMs,
      sealed: seal(credential, `credential/${credential.id}`),
    }),
    credentialOf: (row) => ({
      ...(open(row['sealed'], `credential/${text(row['id'])}`) as Credential), // written by credentialRow
      lastUsedAtMs: timeOf(row['last_used_at_ms']),
    }),
  }
}

export function text(value: SQLOutputValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function timeOf(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value)
}

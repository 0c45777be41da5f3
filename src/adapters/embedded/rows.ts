import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'
import type { AuditEvent, Consumer, Credential, Policy } from '../../core/mod.ts'
import type { OutboxEntry } from '../../desk/control/mod.ts'

/** A row as SQLite gives it; strict tables vouch for the types of its columns. */
export type Row = Readonly<Record<string, SQLOutputValue>>
/** Named parameters of a statement. */
export type Parameters = Record<string, SQLInputValue>

export function consumerRow({ id, name, createdAtMs, state }: Consumer): Parameters {
  return { id, name, created_at_ms: createdAtMs, state }
}

export function consumerOf(row: Row): Consumer {
  return {
    id: text(row['id']),
    name: text(row['name']),
    createdAtMs: Number(row['created_at_ms']),
    state: row['state'] === 'disabled' ? 'disabled' : 'active', // a CHECK leaves nothing else
  }
}

export function credentialRow(credential: Credential): Parameters {
  return {
    id: credential.id,
    consumer_id: credential.consumerId,
    environment: credential.environment,
    hmac: credential.hmac,
    pepper_version: credential.pepperVersion,
    hint: credential.hint,
    scopes: JSON.stringify(credential.scopes),
    created_at_ms: credential.createdAtMs,
    not_before_ms: credential.notBeforeMs,
    expires_at_ms: credential.expiresAtMs,
    revoked_at_ms: credential.revokedAtMs,
    last_used_at_ms: credential.lastUsedAtMs,
  }
}

export function credentialOf(row: Row): Credential {
  return {
    id: text(row['id']),
    consumerId: text(row['consumer_id']),
    environment: row['environment'] === 'test' ? 'test' : 'live', // a CHECK leaves nothing else
    hmac: text(row['hmac']),
    pepperVersion: Number(row['pepper_version']),
    hint: text(row['hint']),
    scopes: JSON.parse(text(row['scopes'])) as string[], // written by credentialRow
    createdAtMs: Number(row['created_at_ms']),
    notBeforeMs: timeOf(row['not_before_ms']),
    expiresAtMs: timeOf(row['expires_at_ms']),
    revokedAtMs: timeOf(row['revoked_at_ms']),
    lastUsedAtMs: timeOf(row['last_used_at_ms']),
  }
}

export function policyOf(value: SQLOutputValue | undefined): Policy | null {
  return value === null || value === undefined ? null : (JSON.parse(text(value)) as Policy) // written by commit
}

export function outboxEntryOf(row: Row): OutboxEntry {
  return { place: Number(row['place']), event: JSON.parse(text(row['event'])) as AuditEvent } // written by tell
}

export function text(value: SQLOutputValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function timeOf(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value)
}

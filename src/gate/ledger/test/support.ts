import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AccessEvent,
  type AuditEvent,
  decodeAccessEvent,
  emptyEvent,
  type LedgerRecord,
  type LedgerSettings,
} from '../../../core/mod.ts'
import { publicLengthAt, recordHeadBytes, recordMagic, recordVersion } from '../envelope.ts'
import type { LedgerReader } from '../mod.ts'

export const settings: LedgerSettings = {
  ringBytes: 1 << 20,
  paceMs: 0.5,
  flushMs: 25,
  waitMs: 10_000,
  holdBytesMax: 65_536,
  stallMs: 30_000,
}

/** In memory where there is such a folder: for tests of what is written, not of when it is on disk. */
export const memoryDir: string = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A ledger folder that is gone when the test is. */
export function temporaryDir(under: string = tmpdir()): { readonly dir: string } & Disposable {
  const parent = mkdtempSync(join(under, 'ledger-'))
  return { dir: join(parent, 'ledger'), [Symbol.dispose]: () => rmSync(parent, { recursive: true, force: true }) }
}

/** A request id that says which one it is. */
export function idOf(thread: number, count: number): string {
  return `${String(thread).padStart(8, '0')}${String(count).padStart(24, '0')}`
}

/** An event of which little is known but which one it is. */
export function eventOf(kind: AccessEvent['kind'], id: string, more: Partial<AccessEvent> = {}): AccessEvent {
  return { ...emptyEvent, kind, id, outcome: 'served', status: 200, receivedAtMs: 1_700_000_000_000, ...more }
}

/** An audit event with one detail. */
export function auditOf(kind: AuditEvent['kind'], detail: string): AuditEvent {
  return { kind, atMs: 1_700_000_000_000, actor: 'gate', details: { detail } }
}

/** Writes a record without a sealed part and without its stamp, whatever its text is; returns its length. */
export function writeOpenRecord(target: Buffer, text: string): number {
  target.fill(0, 0, recordHeadBytes)
  target[0] = recordMagic
  target[1] = recordVersion
  const bytes = target.write(text, recordHeadBytes)
  target.writeUInt16BE(bytes, publicLengthAt)
  return recordHeadBytes + bytes
}

export function factsOf(requestId: string): {
  readonly requestId: string
  readonly receivedAtMs: number
  readonly routeIndex: number
} {
  return { requestId, receivedAtMs: 1_700_000_000_000, routeIndex: 0 }
}

/** Every record, in order; asserts nothing but that sequence numbers have no gap. */
export function readAll(reader: LedgerReader, log: 'access' | 'audit' = 'access'): LedgerRecord[] {
  const all: LedgerRecord[] = []
  for (;;) {
    const batch = reader.read(all.length, { bytesMax: 256 * 1024, recordsMax: 1000, log })
    if (batch.length === 0) return all
    for (const record of batch) {
      if (record.seq !== all.length) throw new Error(`record ${record.seq} stands where ${all.length} belongs`)
      all.push(record)
    }
  }
}

export function eventsOf(reader: LedgerReader): AccessEvent[] {
  return readAll(reader).map((record) => decodeAccessEvent(record.bytes))
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Resolves when it holds; throws with what it waited for. */
export async function until(holds: () => boolean, what: string, waitMs = 20_000): Promise<void> {
  const end = performance.now() + waitMs
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${waitMs} ms for ${what}`)
    await sleep(5)
  }
}

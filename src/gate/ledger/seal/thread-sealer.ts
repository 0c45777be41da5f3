import { hash } from 'node:crypto'
import type { AccessEvent, AuditEvent } from '../../../core/mod.ts'
import { createRandomPool, type RandomPool } from '../../../crypto/mod.ts'
import { writeAccessEvent, writeAuditEvent } from '../cut-event.ts'
import { recordFlags } from '../envelope.ts'
import type { LedgerLog } from '../logs.ts'
import { subjectBytesMax } from './key-rows.ts'
import { textBytesMax } from './layout.ts'
import { RecordSealer } from './record-sealer.ts'
import type { RootKeys } from './root-keys.ts'
import { SubjectKeys, type WorkingKey } from './subject-keys.ts'

/** What a thread seals with, as main gives it. Secret: it never leaves the process. */
export interface SealingSlot {
  readonly root: RootKeys
  /** Which start of the gate this is, for the ids of keys. */
  readonly start: number
  /** 16 hex digits that stand in every record of this start. */
  readonly boot: string
  readonly origins: Readonly<Record<LedgerLog, string>>
}

/** Where a record is to be written. */
export interface RecordPlace {
  readonly bytes: Buffer
  readonly contentAt: number
}

/** Encodes and seals the events of one thread. */
export class ThreadSealer {
  readonly #slot: SealingSlot
  readonly #keys: SubjectKeys
  readonly #random: RandomPool
  readonly #access: RecordSealer
  /** Only main writes into the audit log. */
  #audit: RecordSealer | null = null

  constructor(
    slot: SealingSlot,
    maker: { readonly ring: number; nextCount(): number },
    random: RandomPool = createRandomPool(),
  ) {
    this.#slot = slot
    this.#random = random
    this.#keys = new SubjectKeys(
      { root: slot.root, maker: slot.start * 256 + maker.ring, nextCount: () => maker.nextCount() },
      random,
    )
    this.#access = new RecordSealer(slot.origins.access, this.#keys, random)
  }

  /** Encodes an event in at most `bytesMax` bytes of text; it is sealed by `write`. */
  access(event: AccessEvent, bytesMax: number): SealingRecord {
    const sealer = this.#access
    writeAccessEvent(event, this.#slot.boot, { place: sealer, bytesMax })
    return { sealer, key: this.#keys.take(subjectOf(event), event.receivedAtMs) }
  }

  /** The same for the audit log. */
  audit(event: AuditEvent): SealingRecord {
    const sealer = (this.#audit ??= new RecordSealer(this.#slot.origins.audit, this.#keys, this.#random))
    const salt = Buffer.alloc(16)
    this.#random.copy(salt, 0, salt.length)
    sealer.flags = event.kind.startsWith('ledger.') ? recordFlags.control : 0
    const given = { boot: this.#slot.boot, salt: salt.toString('hex') }
    writeAuditEvent(event, given, { place: sealer, bytesMax: textBytesMax })
    return { sealer, key: this.#keys.take('audit', event.atMs) }
  }

  /** 16 hex digits that nobody can guess. */
  mark(): string {
    const mark = Buffer.alloc(8)
    this.#random.copy(mark, 0, mark.length)
    return mark.toString('hex')
  }

  forget(rowIds: ReadonlySet<string>): number {
    return this.#keys.forget(rowIds)
  }
}

/** A record whose text is written, on its way into the ring. */
export interface SealingRecord {
  readonly sealer: RecordSealer
  readonly key: WorkingKey
}

/** Whose key seals it. Ids of ours are short; a longer one goes by its digest. */
function subjectOf({ consumerId }: AccessEvent): string {
  if (consumerId === null) return 'anonymous'
  if (consumerId.length * 3 <= subjectBytesMax) return consumerId
  return `sha256:${hash('sha256', consumerId)}`
}

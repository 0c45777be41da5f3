/** The same records in SQLite: WAL, `synchronous=FULL`, one transaction for all records that wait. */
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'

export interface SqliteResult {
  readonly records: number
  readonly wallUs: number
  readonly p50Us: number
  readonly p99Us: number
  readonly cpuUs: number
}

/** A table of records under their numbers. */
export class SqliteLog implements Disposable {
  readonly #db: DatabaseSync
  readonly #insert: StatementSync
  #seq = 0

  constructor(folder: string) {
    this.#db = new DatabaseSync(join(folder, 'records.sqlite'))
    this.#db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL')
    this.#db.exec('CREATE TABLE records (seq INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT')
    this.#insert = this.#db.prepare('INSERT INTO records VALUES (?, ?)')
  }

  /** Group commits of `inflight` records for so long. A record waits for exactly one commit, so both latencies are a commit's. */
  measure(record: Uint8Array, { inflight, ms }: { readonly inflight: number; readonly ms: number }): SqliteResult {
    const latencies: number[] = []
    const cpu = process.threadCpuUsage()
    const beginMs = performance.now()
    let startMs = beginMs
    while (startMs < beginMs + ms) {
      this.#db.exec('BEGIN')
      for (let i = 0; i < inflight; i++) this.#insert.run(this.#seq++, record)
      this.#db.exec('COMMIT')
      const nowMs = performance.now()
      latencies.push(nowMs - startMs)
      startMs = nowMs
    }
    const { user, system } = process.threadCpuUsage(cpu)
    const sorted = latencies.toSorted((a, b) => a - b)
    const at = (share: number): number => (sorted[Math.floor(sorted.length * share)] ?? 0) * 1000
    return {
      records: latencies.length * inflight,
      wallUs: (startMs - beginMs) * 1000,
      p50Us: at(0.5),
      p99Us: at(0.99),
      cpuUs: user + system,
    }
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}

import { GatehouseError, type LedgerRecord } from '../../core/mod.ts'
import {
  kindsByCode,
  mentionIn,
  type RequestIndex,
  type RequestPlaces,
  requestsMaxDefault,
} from '../../desk/query/mod.ts'
import { openIndexFile, type Place, type Row } from './request-index-file.ts'

export interface RequestIndexOptions {
  /** Records of which places are kept at least. @default requestsMaxDefault */
  readonly recordsMax?: number
  /** Records that are collected in memory and then written at once. @default 65,536 */
  readonly segmentRecords?: number
}

/**
 * The request index in one SQLite file (0600). The newest records, up to a segment of them, are held in memory; a whole
 * segment is written sorted and in one transaction, so that each record costs about 20 bytes on disk and no page is written
 * twice. So the durable cursor stands at the beginning of a segment, and after a restart at most a segment is read again.
 *
 * Holds the first 48 bits of request ids, positions and kinds: no facts of any request. Throws `store_unreadable` for a file
 * that is no index; it may be removed, for the index is then built again.
 */
export function openEmbeddedRequestIndex(path: string, options: RequestIndexOptions = {}): RequestIndex {
  const { recordsMax = requestsMaxDefault, segmentRecords = 65_536 } = options
  const file = openIndexFile(path, Math.ceil(recordsMax / segmentRecords))
  let next = file.cursor()
  let held = openHeld()

  const take = async ({ seq, bytes }: LedgerRecord): Promise<void> => {
    if (seq < next) return
    if (seq > next) throw new GatehouseError('link_broken', `Record ${next} is missing before ${seq}`)
    const mention = mentionIn(bytes)
    if (mention !== null) held.add(keyOf(mention.requestId), { seq, kind: kindsByCode.indexOf(mention.kind) })
    next = seq + 1
    if (held.count < segmentRecords) return
    await file.write(held.rows(), next)
    held = openHeld()
  }
  return {
    name: 'requests',
    cursor: async () => next,
    follow: async (batch) => {
      for (const record of batch) await take(record)
    },
    begin: (logSize) => {
      if (next <= logSize) return
      file.clear()
      held = openHeld()
      next = 0
    },
    find: async (requestId) => {
      const key = keyOf(requestId)
      return placesOf([...file.find(key), ...held.find(key)])
    },
    [Symbol.asyncDispose]: async () => file[Symbol.dispose](),
  }
}

/** The first 48 bits of the id, as a number that SQLite keeps in 6 bytes. */
function keyOf(requestId: string): number {
  return Number.parseInt(requestId.slice(0, 12), 16) - 2 ** 47
}

function placesOf(places: readonly Place[]): RequestPlaces {
  const of = (kind: (typeof kindsByCode)[number]): number[] => {
    const seqs = new Set(places.filter((place) => kindsByCode[place.kind] === kind).map(({ seq }) => seq))
    return [...seqs].sort((a, b) => a - b)
  }
  return { opened: of('opened'), ended: of('request'), amended: of('amended') }
}

/** The segment that is not whole yet. */
interface Held {
  readonly count: number
  add(key: number, place: Place): void
  find(key: number): readonly Place[]
  /** Sorted as the file keeps them. */
  rows(): readonly Row[]
}

function openHeld(): Held {
  const byKey = new Map<number, Place | readonly Place[]>()
  let count = 0
  const find = (key: number): readonly Place[] => {
    const found = byKey.get(key) ?? []
    return 'seq' in found ? [found] : found
  }
  return {
    get count() {
      return count
    },
    add: (key, place) => {
      // Nearly every request has one record: no list for it.
      byKey.set(key, byKey.has(key) ? [...find(key), place] : place)
      count++
    },
    find,
    rows: () => [...byKey.keys()].sort((a, b) => a - b).flatMap((key) => find(key).map((place) => ({ ...place, key }))),
  }
}

/**
 * What a witness has cosigned last of each log: `<sha256 of the origin>.<generation>`, a line with the time and the note that
 * the log signed. The newest generation holds. A new one is linked into place, which fails where another process was first: a
 * compare-and-swap by the file system.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { GatehouseError } from '../core/mod.ts'
import { createFileAtomic, ensurePrivateDir, sha256, writeFileAtomic } from '../crypto/mod.ts'

/** A checkpoint that was cosigned, or is about to be. */
export interface Witnessed {
  /** 0 before the first. */
  readonly generation: number
  /** Seconds since 1970. */
  readonly timeSeconds: number
  /** As the log signed it; null before the first. */
  readonly note: Uint8Array | null
}

/** Most forks that are kept as evidence; the first ones are what matters. */
const evidenceMax = 256

/** The folder of a witness. */
export interface WitnessState {
  last(origin: string): Witnessed
  /** Durable when it returns true. False, and nothing is changed, when somebody was first. */
  advance(origin: string, next: Witnessed): boolean
  /** Keeps a note that contradicts what was cosigned; never throws away an older one. */
  keepEvidence(origin: string, note: Uint8Array): void
}

/** Opens the folder, made where there is none. Throws `data_folder_unusable`. */
export function openWitnessState(dir: string): WitnessState {
  ensurePrivateDir(dir)
  const evidence = join(dir, 'evidence')
  mkdirSync(evidence, { recursive: true, mode: 0o700 })
  return {
    last: (origin) => lastOf(dir, origin),
    advance: (origin, next) => advance(dir, origin, next),
    keepEvidence: (origin, note) => {
      const path = join(evidence, `${nameOf(origin)}.${hex(sha256(note)).slice(0, 16)}`)
      if (existsSync(path) || readdirSync(evidence).length >= evidenceMax) return
      writeFileAtomic(path, note, 0o600)
    },
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const nameOf = (origin: string): string => hex(sha256(Buffer.from(origin)))

function generationsOf(dir: string, origin: string): number[] {
  const head = `${nameOf(origin)}.`
  return readdirSync(dir)
    .filter((name) => name.startsWith(head) && /^\d{1,15}$/.test(name.slice(head.length)))
    .map((name) => Number(name.slice(head.length)))
    .sort((left, right) => left - right)
}

function lastOf(dir: string, origin: string): Witnessed {
  const generation = generationsOf(dir, origin).at(-1)
  if (generation === undefined) return { generation: 0, timeSeconds: 0, note: null }
  const path = join(dir, `${nameOf(origin)}.${generation}`)
  const bytes = readFileSync(path)
  const end = bytes.indexOf('\n')
  const time = /^time (\d{1,15})$/.exec(bytes.subarray(0, Math.max(end, 0)).toString('latin1'))
  if (time === null)
    throw new GatehouseError(
      'data_folder_unusable',
      `Cannot use '${path}': it is no state of a witness; never replace it by an older one: take a new name and key`,
    )
  return { generation, timeSeconds: Number(time[1]), note: new Uint8Array(bytes.subarray(end + 1)) }
}

function advance(dir: string, origin: string, { generation, timeSeconds, note }: Witnessed): boolean {
  const path = join(dir, `${nameOf(origin)}.${generation}`)
  const bytes = Buffer.concat([Buffer.from(`time ${timeSeconds}\n`), note ?? Buffer.alloc(0)])
  if (!createFileAtomic(path, bytes, 0o600)) return false
  const generations = generationsOf(dir, origin)
  // Somebody who went on further may have taken away the generation that should have been in our way; the newest is never taken.
  if (generations.at(-1) !== generation) return false
  for (const old of generations.slice(0, -2)) rmSync(join(dir, `${nameOf(origin)}.${old}`), { force: true })
  return true
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, hasCode, messageOf, type TokenIssuer } from '../core/mod.ts'
import { type Sealer, writeFileAtomic } from '../crypto/mod.ts'
import { type KeptKeys, type KeySets, openKeySets, openKeySource } from '../gate/identity/mod.ts'
import { openOutbound, type OutboundOptions } from '../outbound/mod.ts'
import type { ProcessLog } from './process-log.ts'

export interface GateJwksOptions {
  readonly dataDir: string
  readonly sealer: Sealer
  readonly outbound: OutboundOptions
  readonly clock: Clock
  readonly log: ProcessLog
  readonly issuers: readonly TokenIssuer[]
  /** Called when keys have changed: the threads are to be told. */
  readonly onChange: () => void
}

/** The keys of all issuers, in the gate's main thread: asked for there, once for all threads. */
export interface GateJwks extends Pick<KeySets, 'configure' | 'known' | 'want'>, AsyncDisposable {}

const tickMs = 1_000
const fileName = 'issuer-keys'

/** Begins with the keys of the last run, which are on disk, sealed: a start does not depend on somebody else's server. */
export function openGateJwks(options: GateJwksOptions): GateJwks {
  const { dataDir, sealer, clock, log, onChange } = options
  const outbound = openOutbound(options.outbound)
  const file = openKeptFile(join(dataDir, fileName), sealer, log)
  let opened = false
  const sets: KeySets = openKeySets({
    source: openKeySource(outbound),
    clock,
    random: Math.random, // for spreading in time, nothing more
    kept: file.read(),
    onChange: () => {
      if (!opened) return
      file.write(sets.kept())
      onChange()
    },
    onProblem: (issuer, why, failingMs) => {
      const facts = { issuer, why, since: new Date(clock.wallMs() - failingMs).toISOString() }
      if (failingMs === 0) log.warn('The keys of an issuer cannot be had; what is known of them is used', facts)
      else log.error('The keys of an issuer cannot be had for long', facts)
    },
  })
  sets.configure(options.issuers)
  opened = true
  sets.tick()
  const timer = setInterval(() => sets.tick(), tickMs).unref()
  return {
    configure: (issuers) => sets.configure(issuers),
    known: () => sets.known(),
    want: (name, kid) => sets.want(name, kid),
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await outbound[Symbol.asyncDispose]()
    },
  }
}

interface KeptFile {
  read(): ReadonlyMap<string, KeptKeys>
  write(kept: ReadonlyMap<string, KeptKeys>): void
}

/** What cannot be read or written is done without: the issuers are asked anyway. */
function openKeptFile(path: string, sealer: Sealer, log: ProcessLog): KeptFile {
  return {
    read: () => {
      try {
        const text = sealer.open(readFileSync(path), fileName).toString('utf8')
        return new Map(Object.entries(JSON.parse(text) as Record<string, KeptKeys>)) // written below, and sealed since
      } catch (error) {
        if (!hasCode(error, 'ENOENT'))
          log.warn('The keys of issuers from the last run are lost', { why: messageOf(error) })
        return new Map()
      }
    },
    write: (kept) => {
      try {
        writeFileAtomic(path, sealer.seal(Buffer.from(JSON.stringify(Object.fromEntries(kept))), fileName), 0o600)
      } catch (error) {
        log.warn('The keys of issuers are not on disk', { why: messageOf(error) })
      }
    },
  }
}

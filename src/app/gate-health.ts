import { readFileSync } from 'node:fs'
import { type Clock, type Policy } from '../core/mod.ts'
import { probeUpstream } from '../gate/engine/mod.ts'
import { createHealthChecks, type DownByApi } from '../gate/upstreams/mod.ts'
import type { ProcessLog } from './process-log.ts'

export interface GateHealthOptions {
  readonly clock: Clock
  readonly log: ProcessLog
  readonly policy: Pick<Policy, 'apis'>
  /** Called when an upstream is left out or comes back: the threads are to be told. */
  readonly onChange: (down: DownByApi) => void
}

/** The health checks of all upstreams, in the gate's main thread: asked there, once for all threads. */
export interface GateHealth extends Disposable {
  configure(policy: Pick<Policy, 'apis'>): void
}

const tickMs = 100

export function openGateHealth({ clock, log, policy, onChange }: GateHealthOptions): GateHealth {
  const deps = { readFile: (path: string) => readFileSync(path, 'utf8'), nowMs: () => clock.monotonicMs() }
  const checks = createHealthChecks({
    probe: (upstream, { path, timeoutMs }) => probeUpstream(upstream, { path, timeoutMs }, deps),
    clock,
    random: Math.random, // for spreading in time, nothing more
    onChange,
    onTurn: ({ api, url, why }) => {
      if (why === null) log.info('An upstream is well again', { api, url })
      else log.warn('An upstream is left out', { api, url, why })
    },
  })
  checks.configure(policy)
  const timer = setInterval(() => checks.tick(), tickMs).unref()
  return {
    configure: (next) => checks.configure(next),
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

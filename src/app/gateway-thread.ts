/**
 * Entry of a gateway thread: listeners and the request path. A thread is loaded first and serves when told to, so that a
 * warm spare takes over from a dead one within milliseconds.
 */
import { readFileSync } from 'node:fs'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import {
  GatehouseError,
  messageOf,
  type Policy,
  type Snapshot,
  type SnapshotChange,
  systemClock,
  type UpstreamStatus,
} from '../core/mod.ts'
import { createRequestIds } from '../crypto/mod.ts'
import { type EngineOptions, type GatehouseEngine, openEngine } from '../gate/engine/mod.ts'
import type { KeyAnswer } from '../gate/identity/mod.ts'
import { createFactsReader } from '../gate/inspect/mod.ts'
import { openRecordLog } from '../gate/ledger/mod.ts'
import { type CounterStore, createLimiter, type Limiter, openCounterTable } from '../gate/limits/mod.ts'
import { type Gate, handle } from '../gate/mod.ts'
import { createUpstreams } from '../gate/upstreams/mod.ts'
import { compileRules } from './rules.ts'
import { openThreadIdentity } from './thread-identity.ts'
import type { FromThread, ThreadSetup, ThreadShare, ToThread } from './thread-messages.ts'

type ServeOrder = Extract<ToThread, { type: 'serve' }>

/** Set by `serve`; a spare has none. */
interface Serving {
  readonly engine: GatehouseEngine
  share(share: ThreadShare): void
  answer(ask: number, answer: KeyAnswer): void
  upstreams(): readonly UpstreamStatus[]
  apply(snapshot: Snapshot): void
  change(change: SnapshotChange): void
  revision(): number
}

const statusMs = 1000

if (parentPort !== null) main(parentPort, workerData as ThreadSetup) // given by the thread pool

function main(port: MessagePort, setup: ThreadSetup): void {
  const say = (message: FromThread): void => port.postMessage(message)
  let serving: Serving | null = null
  port.on('message', (message: ToThread) => {
    switch (message.type) {
      case 'serve':
        serve(setup, message, say).then(
          (started) => {
            serving = started
            say({ type: 'serving', addresses: started.engine.addresses })
            setInterval(() => {
              say({ type: 'connections', connections: started.engine.connections })
              say({ type: 'upstreams', upstreams: started.upstreams() })
            }, statusMs).unref()
          },
          (error: unknown) =>
            say({
              type: 'unable',
              code: error instanceof GatehouseError ? error.code : 'thread_failed',
              message: messageOf(error),
            }),
        )
        return
      case 'snapshot':
        serving?.apply(message.snapshot)
        return say({ type: 'applied', revision: message.snapshot.revision, worksBy: serving?.revision() ?? 0 })
      case 'change':
        serving?.change(message.change)
        return say({ type: 'applied', revision: message.change.revision, worksBy: serving?.revision() ?? 0 })
      case 'share':
        return serving?.share(message.share)
      case 'key':
        return serving?.answer(message.ask, message.answer)
      case 'drain':
        void (serving?.engine.drain(message.deadlineMs) ?? Promise.resolve()).then(() => say({ type: 'drained' }))
    }
  })
  say({ type: 'loaded' })
}

/** Opens the listeners over a request path that works by the newest snapshot. */
async function serve(setup: ThreadSetup, order: ServeOrder, say: (message: FromThread) => void): Promise<Serving> {
  const clock = systemClock
  const { policy } = order.snapshot
  let current = order.snapshot
  let rules = compileRules(current)
  const identity = openThreadIdentity({
    pepper: setup.pepper,
    snapshot: current,
    issuerKeys: order.share.issuerKeys,
    ask: (issuer, kid, ask) => say({ type: 'wantKey', issuer, kid, ask }),
  })
  const store = openCounterTable(setup.counters, order.thread)
  const limiterOf = ({ rateLimitHeaders }: Policy): Limiter => limiterBy(store, setup, rateLimitHeaders)
  let limiter = limiterOf(policy)
  const upstreams = createUpstreams(policy, { seed: setup.counterSeed + order.thread, down: order.share.down })
  const gate: Gate = {
    thread: order.thread,
    clock,
    log: openRecordLog({ slot: order.ledger, port: order.port, clock }),
    authenticators: identity.authenticators,
    limiter: () => limiter,
    upstreams,
    facts: createFactsReader({ key: setup.factsKey, clock }),
    rules: () => rules,
    onDefect: (error, requestId) => say({ type: 'defect', requestId, error: stackOf(error) }),
  }
  const engine = await openEngine(engineOptions(setup, order, gate))
  const work = (next: Snapshot): void => {
    if (next.policy !== current.policy) {
      engine.configure(next.policy)
      limiter = limiterOf(next.policy)
      upstreams.configure(next.policy)
    }
    current = next
    rules = compileRules(next, rules)
  }
  return {
    engine,
    upstreams: () => upstreams.status(clock.monotonicMs()),
    share: ({ tls: secrets, issuerKeys, down }) => {
      upstreams.setDown(down)
      if (secrets !== null) engine.secure(secrets)
      identity.keys(issuerKeys)
    },
    answer: (ask, answer) => identity.answer(ask, answer),
    apply: (snapshot) => {
      identity.apply(snapshot)
      work(snapshot)
    },
    revision: () => current.revision,
    change: (change) => {
      // It may have come with a newer snapshot, to a thread that was just getting ready.
      if (change.revision <= current.revision) return
      identity.change(change)
      // The authenticators hold the keys; keeping a second copy of a million of them here would help nobody.
      work(changed(current, change))
    },
  }
}

function changed(current: Snapshot, { revision, policy, networks }: SnapshotChange): Snapshot {
  return { ...current, revision, policy: policy ?? current.policy, networks: networks ?? current.networks }
}

function limiterBy(store: CounterStore, { counterSeed: seed }: ThreadSetup, rateLimitHeaders: boolean): Limiter {
  return createLimiter({ store, seed, rateLimitHeaders })
}

function engineOptions(setup: ThreadSetup, { snapshot, share }: ServeOrder, gate: Gate): EngineOptions {
  const { listeners, tls } = setup.settings
  return {
    kind: setup.settings.engine,
    listeners: [
      ...listeners,
      ...(tls === null ? [] : [{ ...tls.listen, isSecure: true, isOptional: tls.isDevelopment }]),
    ],
    tls: share.tls,
    readFile: (path) => readFileSync(path, 'utf8'),
    reusePort: setup.reusePort,
    policy: snapshot.policy,
    handler: (exchange) => handle(exchange, gate),
    clock: gate.clock,
    ids: createRequestIds({ nowMs: () => gate.clock.wallMs() }),
    onDefect: (error, requestId) => gate.onDefect(error, requestId),
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { samplePolicy } from '../../../test/conformance/control-store.ts'
import {
  type Clock,
  type Consumer,
  type Credential,
  GatehouseError,
  hasCode,
  type SnapshotChange,
} from '../../core/mod.ts'
import { createKeyHasher } from '../../crypto/mod.ts'
import { type Control, type ControlOptions, openControl } from './control.ts'
import type { ControlStore } from './control-store.ts'
import { openMemoryControlStore } from './memory-control-store.ts'

const pepper = new Uint8Array(32).fill(9)

interface Bench {
  readonly control: Control
  readonly store: ControlStore
  readonly published: SnapshotChange[]
  readonly clock: Clock & { now: number }
}

async function bench(more: Partial<ControlOptions> = {}): Promise<Bench> {
  const store = more.store ?? openMemoryControlStore()
  const published: SnapshotChange[] = []
  const clock = { now: 1_000_000, wallMs: () => clock.now, monotonicMs: () => clock.now }
  const publish = async (change: SnapshotChange): Promise<boolean> => published.push(change) > 0
  const control = await openControl({ store, clock, pepper, publish, ...more })
  return { control, store, published, clock }
}

const failsWith =
  (code: string, words: RegExp) =>
  (error: Error): boolean =>
    hasCode(error, code) && words.test(error.message)
const wish = { consumer: 'acme', scopes: ['orders:read'], environment: 'live' } as const

test('createKey() gives the key once and keeps only its keyed hash', async () => {
  const { control, published, clock } = await bench()
  await control.by('socket').createConsumer('acme')
  const { key, credential, applied } = await control.by('socket').createKey({
    ...wish,
    scopes: ['b', 'a', 'b'],
    expiresInMs: 60_000,
  })
  assert.equal(applied, true)
  assert.match(key, /^gthk_live_/)
  assert.equal(credential.hmac, createKeyHasher(pepper)(key))
  assert.deepEqual(credential.scopes, ['b', 'a'])
  assert.deepEqual([credential.createdAtMs, credential.expiresAtMs], [clock.now, clock.now + 60_000])
  assert.deepEqual(published.at(-1)?.credentials, [credential])
  assert.equal(JSON.stringify([control.listKeys(), published]).includes(key), false)
})

test('createKey() makes the consumer in the same change when asked to', async () => {
  const { control, published } = await bench()
  await assert.rejects(control.by('socket').createKey(wish), failsWith('not_found', /"acme"/))
  await control.by('socket').createKey({ ...wish, createConsumer: true })
  await control.by('socket').createKey({ ...wish, createConsumer: true })
  assert.deepEqual(
    published.map(({ revision, consumers }) => [revision, consumers.length]),
    [
      [1, 1],
      [2, 0],
    ],
  )
})

test('createKey() refuses scopes, lives and consumers that cannot be, naming them, and changes nothing', async () => {
  const { control } = await bench()
  await control.by('socket').createConsumer('acme')
  await control.by('socket').changeConsumer('acme', { state: 'disabled' })
  const cases: readonly [object, string, RegExp][] = [
    [{ scopes: ['with space'] }, 'invalid_argument', /"with space"/],
    [{ scopes: [''] }, 'invalid_argument', /""/],
    [{ scopes: ['quote"'] }, 'invalid_argument', /quote/],
    [{ scopes: ['x'.repeat(129)] }, 'invalid_argument', /xxx…/],
    [{ scopes: Array.from({ length: 65 }, (_, i) => `s${i}`) }, 'invalid_argument', /65/],
    [{ expiresInMs: 0 }, 'invalid_argument', /in 0 ms/],
    [{ expiresInMs: 1.5 }, 'invalid_argument', /1\.5/],
    [{ expiresInMs: Number.POSITIVE_INFINITY }, 'invalid_argument', /Infinity/],
    [{ consumer: 'Acme', createConsumer: true }, 'invalid_argument', /"Acme"/],
    [{}, 'conflict', /'acme'.*disabled/],
  ]
  for (const [more, code, words] of cases)
    await assert.rejects(control.by('socket').createKey({ ...wish, ...more }), failsWith(code, words))
  assert.equal(control.revision, 2)
  assert.deepEqual(control.listKeys(), [])
})

test('createConsumer() takes each name once, and only plain ones', async () => {
  const { control } = await bench()
  for (const name of ['a', 'shop-web.2_x', '0'.repeat(64)])
    assert.equal((await control.by('socket').createConsumer(name)).name, name)
  await assert.rejects(control.by('socket').createConsumer('a'), failsWith('conflict', /'a'/))
  for (const name of ['', 'A', 'a b', 'ä', '0'.repeat(65), 'a\n'])
    await assert.rejects(control.by('socket').createConsumer(name), failsWith('invalid_argument', /name/))
  assert.deepEqual(
    control.listConsumers().map((one) => one.name),
    ['0'.repeat(64), 'a', 'shop-web.2_x'],
  )
})

test('revokeKey() keeps the date of the first time and tells the gate each time', async () => {
  const { control, published, clock } = await bench()
  const { credential } = await control.by('socket').createKey({ ...wish, createConsumer: true })
  const first = await control.by('socket').revokeKey(credential.id)
  clock.now += 1000
  const second = await control.by('socket').revokeKey(credential.id)
  assert.equal(first.credential.revokedAtMs, clock.now - 1000)
  assert.deepEqual(second, first)
  assert.equal(published.length, 3)
  await assert.rejects(control.by('socket').revokeKey('nosuchkey'), failsWith('not_found', /"nosuchkey"/))
})

test('setPolicy() raises the revision only when the policy differs', async () => {
  const { control, published } = await bench()
  assert.throws(() => control.snapshot(), failsWith('not_found', /policy/))
  assert.deepEqual(await control.setPolicy(samplePolicy), { revision: 1, changed: true, applied: true })
  assert.deepEqual(await control.setPolicy(structuredClone(samplePolicy)), {
    revision: 1,
    changed: false,
    applied: true,
  })
  assert.deepEqual(await control.setPolicy({ ...samplePolicy, rateLimitHeaders: false }), {
    revision: 2,
    changed: true,
    applied: true,
  })
  assert.equal(published.length, 2)
  assert.equal(control.snapshot().policy.rateLimitHeaders, false)
})

test('createConsumer() stands though the gate did not confirm it, and says so', async () => {
  const { control } = await bench({ publish: async () => false })
  assert.equal((await control.by('socket').createConsumer('acme')).applied, false)
  const { control: other } = await bench({ publish: () => Promise.reject(new Error('link broken')) })
  assert.equal((await other.by('socket').createConsumer('acme')).applied, false)
  assert.equal(other.listConsumers().length, 1)
})

test('createConsumer() waits 2 s for a silent gate, and holds up no other change', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const sent = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const silent = new Promise<boolean>(() => {})
  const { control } = await bench({
    publish: (change) => {
      sent[change.revision - 1]?.resolve()
      return silent
    },
  })
  const both = Promise.all([control.by('socket').createConsumer('one'), control.by('socket').createConsumer('two')])
  await Promise.all(sent.map(({ promise }) => promise))
  await Promise.resolve() // the deadline of the second starts in the turn in which it was sent
  t.mock.timers.tick(2_000)
  assert.deepEqual(
    (await both).map(({ applied }) => applied),
    [false, false],
  )
})

test('createKey() leaves memory and revision as they were when the store fails', async () => {
  const inner = openMemoryControlStore()
  let broken = true
  const commit: ControlStore['commit'] = (change) =>
    broken ? Promise.reject(new GatehouseError('store_unreadable', 'disk full')) : inner.commit(change)
  const { control, published } = await bench({ store: { ...inner, commit } })
  await assert.rejects(
    control.by('socket').createKey({ ...wish, createConsumer: true }),
    failsWith('store_unreadable', /disk full/),
  )
  assert.deepEqual(
    [control.revision, control.listConsumers().length, control.listKeys().length, published.length],
    [0, 0, 0, 0],
  )
  broken = false
  assert.equal((await control.by('socket').createConsumer('acme')).applied, true)
  assert.equal(control.revision, 1)
})

test('touch() shows at once and writes at most once a minute', async () => {
  const inner = openMemoryControlStore()
  const writes: [string, number][][] = []
  const use: ControlStore['use'] = (uses) => {
    writes.push([...uses])
    return inner.use(uses)
  }
  const { control, clock } = await bench({ store: { ...inner, use } })
  const { credential } = await control.by('socket').createKey({ ...wish, createConsumer: true })
  for (const atMs of [10, 30, 20]) control.touch(credential.id, atMs)
  control.touch('unknown', 99)
  assert.equal(control.listKeys()[0]?.lastUsedAtMs, 30)
  assert.deepEqual(writes, [])
  clock.now += 60_000
  control.touch(credential.id, 40)
  await Promise.resolve()
  control.touch(credential.id, 50)
  await control[Symbol.asyncDispose]()
  assert.deepEqual(writes, [[[credential.id, 40]], [[credential.id, 50]]])
  assert.equal((await inner.load()).credentials[0]?.lastUsedAtMs, 50)
})

test('touch() keeps what could not be written for the next time, and says so', async () => {
  const inner = openMemoryControlStore()
  const warnings: string[] = []
  let broken = true
  const use: ControlStore['use'] = (uses) => (broken ? Promise.reject(new Error('disk full')) : inner.use(uses))
  const { control, clock } = await bench({ store: { ...inner, use }, warn: (message) => void warnings.push(message) })
  const { credential } = await control.by('socket').createKey({ ...wish, createConsumer: true })
  clock.now += 60_000
  control.touch(credential.id, 10)
  await control[Symbol.asyncDispose]()
  assert.equal(warnings.length, 2)
  broken = false
  await control[Symbol.asyncDispose]()
  assert.equal((await inner.load()).credentials[0]?.lastUsedAtMs, 10)
})

type Step =
  | { readonly do: 'consumer'; readonly name: string }
  | { readonly do: 'state'; readonly name: string; readonly state: Consumer['state'] }
  | { readonly do: 'key'; readonly name: string; readonly create: boolean }
  | { readonly do: 'revoke'; readonly at: number }
  | { readonly do: 'policy'; readonly keys: number }

const name = fc.constantFrom('a', 'b', 'c', 'Not!')
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('consumer' as const), name }),
    fc.record({
      do: fc.constant('state' as const),
      name,
      state: fc.constantFrom('active' as const, 'disabled' as const),
    }),
    fc.record({ do: fc.constant('key' as const), name, create: fc.boolean() }),
    fc.record({ do: fc.constant('revoke' as const), at: fc.nat(5) }),
    fc.record({ do: fc.constant('policy' as const), keys: fc.nat(2) }),
  ),
  { maxLength: 30 },
)

/** The plainest thing that keeps the rules: what each step must answer, and what must be there afterwards. */
interface Model {
  revision: number
  keys: number | null
  consumers: Map<string, Consumer['state']>
  credentials: { id: string; owner: string; revoked: boolean }[]
}

function expected(model: Model, step: Step): 'ok' | 'same' | 'not_found' | 'conflict' | 'invalid_argument' {
  switch (step.do) {
    case 'consumer':
      if (step.name === 'Not!') return 'invalid_argument'
      return model.consumers.has(step.name) ? 'conflict' : 'ok'
    case 'state':
      return model.consumers.has(step.name) ? 'ok' : 'not_found'
    case 'key':
      if (model.consumers.get(step.name) === 'disabled') return 'conflict'
      if (model.consumers.has(step.name)) return 'ok'
      if (!step.create) return 'not_found'
      return step.name === 'Not!' ? 'invalid_argument' : 'ok'
    case 'revoke':
      return step.at < model.credentials.length ? 'ok' : 'not_found'
    case 'policy':
      break
  }
  return model.keys === step.keys ? 'same' : 'ok'
}

async function take(control: Control, model: Model, step: Step): Promise<void> {
  switch (step.do) {
    case 'consumer':
      await control.by('socket').createConsumer(step.name)
      return void model.consumers.set(step.name, 'active')
    case 'state':
      await control.by('socket').changeConsumer(step.name, { state: step.state })
      return void model.consumers.set(step.name, step.state)
    case 'key': {
      const { credential } = await control.by('socket').createKey({
        consumer: step.name,
        scopes: [],
        environment: 'test',
        createConsumer: step.create,
      })
      model.consumers.set(step.name, 'active')
      return void model.credentials.push({ id: credential.id, owner: step.name, revoked: false })
    }
    case 'revoke': {
      const held = model.credentials[step.at]
      await control.by('socket').revokeKey(held?.id ?? 'nothing')
      if (held !== undefined) held.revoked = true
      return
    }
    case 'policy':
      await control.setPolicy({ ...samplePolicy, limitKeysMax: step.keys })
      model.keys = step.keys
  }
}

test('openControl() answers, changes and publishes as the plain model does, and a gate that applies the changes has its snapshot', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const { control, store, published } = await bench()
      const model: Model = { revision: 0, keys: null, consumers: new Map(), credentials: [] }
      for (const step of sequence) {
        const answer = expected(model, step)
        if (answer === 'ok' || answer === 'same') await take(control, model, step)
        else await assert.rejects(take(control, model, step), (error) => hasCode(error, answer))
        if (answer === 'ok') model.revision++
        assert.equal(control.revision, model.revision)
      }
      assert.deepEqual(
        published.map((change) => change.revision),
        published.map((_, at) => at + 1),
      )
      assert.deepEqual(
        control.listConsumers().map((one) => [one.name, one.state]),
        [...model.consumers].toSorted(([a], [b]) => (a < b ? -1 : 1)),
      )
      assert.deepEqual(
        control.listKeys().map((one) => [one.id, one.revokedAtMs !== null]),
        model.credentials.map((one) => [one.id, one.revoked]),
      )
      const gate = { consumers: new Map<string, Consumer>(), credentials: new Map<string, Credential>() }
      for (const change of published) {
        for (const consumer of change.consumers) gate.consumers.set(consumer.id, consumer)
        for (const credential of change.credentials) gate.credentials.set(credential.id, credential)
      }
      const stored = await store.load()
      assert.deepEqual(stored.consumers, [...gate.consumers.values()])
      assert.deepEqual(stored.credentials, [...gate.credentials.values()])
      assert.deepEqual(stored.credentials, control.listKeys())
      if (model.keys !== null) assert.deepEqual(control.snapshot(), stored)
    }),
    { numRuns: 200 },
  )
})

test('every change is told to the audit log once, with its actor and without secrets', async () => {
  const { control, clock } = await bench()
  const heard: number[] = []
  using listening = control.outbox.listen(() => void heard.push(1))
  await control.setPolicy(samplePolicy)
  await control.setPolicy(samplePolicy)
  const { key, credential } = await control
    .by('token')
    .createKey({ ...wish, createConsumer: true, expiresInMs: 60_000 })
  await control.by('socket').changeConsumer('acme', { state: 'disabled' })
  await control.by('token').revokeKey(credential.id)
  const waiting = await control.outbox.next(100)
  assert.deepEqual(
    waiting.map(({ event }) => [event.kind, event.actor]),
    [
      ['policy.changed', 'config'],
      ['consumer.created', 'token'],
      ['key.created', 'token'],
      ['consumer.changed', 'socket'],
      ['key.revoked', 'token'],
    ],
  )
  const { id, ...created } = waiting[2]?.event.details ?? {}
  assert.match(String(id), /^[0-9a-f]{32}$/)
  assert.deepEqual(created, {
    keyId: credential.id,
    consumerId: credential.consumerId,
    consumer: 'acme',
    environment: 'live',
    scopes: ['orders:read'],
    expiresAtMs: clock.now + 60_000,
  })
  const { state, stateBefore } = waiting[3]?.event.details ?? {}
  assert.deepEqual([state, stateBefore], ['disabled', 'active'])
  const text = JSON.stringify(waiting)
  assert.ok(!text.includes(key) && !text.includes(credential.hmac))
  assert.equal(heard.length, 4)
  listening[Symbol.dispose]()
  await control.outbox.sent(waiting[2]?.place ?? 0)
  assert.deepEqual(await control.outbox.next(100), waiting.slice(3))
})

test('a change that the store did not take is not told', async () => {
  const { control } = await bench()
  await assert.rejects(control.by('token').createKey(wish), failsWith('not_found', /acme/))
  assert.deepEqual(await control.outbox.next(10), [])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { type Clock, hasCode, networkRulesMax, type SnapshotChange } from '../../core/mod.ts'
import { type Control, openControl } from './control.ts'
import { openMemoryControlStore } from './memory-control-store.ts'

const startMs = 1_790_000_000_000
const hourMs = 3_600_000

interface Bench {
  readonly control: Control
  readonly published: SnapshotChange[]
  readonly clock: Clock & { now: number }
}

async function bench(): Promise<Bench> {
  const published: SnapshotChange[] = []
  const clock = { now: startMs, wallMs: () => clock.now, monotonicMs: () => clock.now }
  const publish = async (change: SnapshotChange): Promise<boolean> => published.push(change) > 0
  const store = openMemoryControlStore()
  return { control: await openControl({ store, clock, pepper: new Uint8Array(32), publish }), published, clock }
}

const failsWith =
  (code: string, words: RegExp) =>
  (error: Error): boolean =>
    hasCode(error, code) && words.test(error.message)
const block = { verdict: 'block' } as const

test('setNetwork() blocks for an hour, excepts without end, and sends all that hold', async () => {
  const { control, published } = await bench()
  const blocked = await control.by('admin:ana').setNetwork({ ...block, network: '203.0.113.9/28', reason: 'stuffing' })
  assert.equal(blocked.applied, true)
  assert.partialDeepStrictEqual(blocked, {
    cidr: '203.0.113.0/28',
    verdict: 'block',
    reason: 'stuffing',
    createdAtMs: startMs,
    expiresAtMs: startMs + hourMs,
    by: 'admin:ana',
  })
  assert.match(blocked.id, /^net_[0-9a-f]{12}$/)
  const allowed = await control.by('socket').setNetwork({ verdict: 'allow', network: '203.0.113.3' })
  assert.deepEqual([allowed.cidr, allowed.expiresAtMs], ['203.0.113.3/32', null])
  assert.deepEqual(
    published.map(({ networks }) => networks?.map(({ cidr }) => cidr)),
    [['203.0.113.0/28'], ['203.0.113.0/28', '203.0.113.3/32']],
  )
})

test('setNetwork() tells the audit log who, why and until when', async () => {
  const { control } = await bench()
  const rule = await control
    .by('token')
    .setNetwork({ ...block, network: '2001:DB8::1/32', expiresInMs: null, reason: 'x' })
  await control.by('socket').releaseNetwork(rule.id)
  const [blocked, released] = (await control.outbox.next(9)).map(({ event }) => event)
  assert.partialDeepStrictEqual(blocked, {
    kind: 'network.blocked',
    actor: 'token',
    details: { rule: rule.id, network: '2001:db8::/32', reason: 'x' },
  })
  assert.equal(Object.hasOwn(blocked?.details ?? {}, 'untilMs'), false)
  assert.partialDeepStrictEqual(released, {
    kind: 'network.released',
    actor: 'socket',
    details: { rule: rule.id, network: '2001:db8::/32', verdict: 'block' },
  })
})

test('setNetwork() writes each network in one way, IPv4 in IPv6 clothes as IPv4', async () => {
  const { control } = await bench()
  for (const [network, cidr] of [
    ['198.51.100.7', '198.51.100.7/32'],
    ['::ffff:198.51.100.8', '198.51.100.8/32'],
    ['::ffff:198.51.100.0/120', '198.51.100.0/24'],
    ['2001:0db8:0::/48', '2001:db8::/48'],
    [' 192.0.2.1 ', '192.0.2.1/32'],
  ] as const)
    assert.equal((await control.by('socket').setNetwork({ ...block, network })).cidr, cidr)
})

test('setNetwork() takes the place of a rule of its kind for the same network', async () => {
  const { control, clock } = await bench()
  const first = await control.by('socket').setNetwork({ ...block, network: '203.0.113.0/28' })
  clock.now += 1000
  const second = await control.by('socket').setNetwork({ ...block, network: '203.0.113.0/28', expiresInMs: 5000 })
  assert.deepEqual(
    control.listNetworks().map(({ id }) => id),
    [second.id],
  )
  const told = (await control.outbox.next(9)).at(-1)
  assert.equal(told?.event.details['replaces'], first.id)
})

test('setNetwork() refuses to shut out this machine, whoever asks, or a good part of the world, unless it is meant', async () => {
  const { control } = await bench()
  const own = ['::ffff:198.51.100.7']
  const cases: readonly [string, RegExp][] = [
    ['127.0.0.0/8', /loopback address 127\.0\.0\.1.*--force/],
    ['127.0.0.1', /loopback/],
    ['::1', /loopback address ::1/],
    ['::/0', /loopback/],
    ['198.51.100.0/24', /198\.51\.100\.7, from which you ask/],
    ['64.0.0.0/7', /wider than \/8/],
    ['2000::/15', /wider than \/16/],
  ]
  for (const [network, words] of cases) {
    await assert.rejects(
      control.by('socket').setNetwork({ ...block, network, own }),
      failsWith('conflict', words),
      network,
    )
    assert.equal((await control.by('socket').setNetwork({ ...block, network, own, force: true })).applied, true)
  }
  await control.by('socket').setNetwork({ verdict: 'allow', network: '0.0.0.0/0', own })
})

test('setNetwork() refuses a block that an exception for the same network would undo', async () => {
  const { control } = await bench()
  const exception = await control.by('socket').setNetwork({ verdict: 'allow', network: '203.0.113.0/28' })
  const wish = { ...block, network: '203.0.113.0/28', force: true }
  await assert.rejects(control.by('socket').setNetwork(wish), failsWith('conflict', new RegExp(exception.id)))
  await control.by('socket').releaseNetwork('203.0.113.0/28')
  await control.by('socket').setNetwork(wish)
})

test('setNetwork() refuses what is no network, no time and no reason, naming it', async () => {
  const { control } = await bench()
  const cases: readonly [object, RegExp][] = [
    [{ network: 'acme' }, /"acme"/],
    [{ network: '10.0.0.0/33' }, /"10\.0\.0\.0\/33"/],
    [{ network: '10.0.0.0/8/8' }, /"10/],
    [{ network: '010.0.0.1' }, /"010/],
    [{ network: 'fe80::1%eth0' }, /"fe80/],
    [{ network: '::ffff:0:0/90' }, /"::ffff/],
    [{ expiresInMs: 0 }, /0 ms/],
    [{ expiresInMs: 1.5 }, /1\.5 ms/],
    [{ reason: 'x'.repeat(201) }, /201 characters/],
    [{ reason: 'two\nlines' }, /one line/],
  ]
  for (const [more, words] of cases) {
    const wish = { ...block, network: '203.0.113.7', ...more }
    await assert.rejects(control.by('socket').setNetwork(wish), failsWith('invalid_argument', words))
  }
  assert.deepEqual(control.listNetworks(), [])
})

test('listNetworks() leaves out what is over, and the next change forgets it', async () => {
  const { control, published, clock } = await bench()
  await control.by('socket').setNetwork({ ...block, network: '203.0.113.1', expiresInMs: 1000 })
  await control.by('socket').setNetwork({ ...block, network: '203.0.113.2' })
  clock.now += 1000
  assert.deepEqual(
    control.listNetworks().map(({ cidr }) => cidr),
    ['203.0.113.2/32'],
  )
  await assert.rejects(control.by('socket').releaseNetwork('203.0.113.1'), failsWith('not_found', /203\.0\.113\.1\/32/))
  await control.by('socket').releaseNetwork('203.0.113.2')
  assert.deepEqual(published.at(-1)?.networks, [])
})

test('releaseNetwork() takes a rule by its id, or all rules for a network', async () => {
  const { control } = await bench()
  const first = await control.by('socket').setNetwork({ ...block, network: '203.0.113.0/28' })
  const second = await control.by('socket').setNetwork({ verdict: 'allow', network: '203.0.113.0/28' })
  assert.deepEqual((await control.by('socket').releaseNetwork('203.0.113.5/28')).released, [
    withoutApplied(first),
    withoutApplied(second),
  ])
  await assert.rejects(control.by('socket').releaseNetwork(first.id), failsWith('not_found', new RegExp(first.id)))
  await assert.rejects(control.by('socket').releaseNetwork('acme'), failsWith('invalid_argument', /"acme"/))
})

function withoutApplied<T extends { readonly applied: boolean }>({
  applied: _applied,
  ...rule
}: T): Omit<T, 'applied'> {
  return rule
}

const nthNetwork = (i: number): string => `10.${i >> 8}.${i & 255}.1`

test('setNetwork() takes as many rules as there may be, and no more', async () => {
  const store = openMemoryControlStore()
  const networks = Array.from({ length: networkRulesMax }, (_, i) => ({
    id: `net_${i}`,
    cidr: `${nthNetwork(i)}/32`,
    verdict: 'block' as const,
    reason: '',
    createdAtMs: 1,
    expiresAtMs: null,
    by: 'socket',
  }))
  await store.commit({ revision: 1, policy: null, consumers: [], credentials: [], networks })
  const clock = { wallMs: () => startMs, monotonicMs: () => 0 }
  const control = await openControl({ store, clock, pepper: new Uint8Array(32), publish: async () => true })
  const more = { ...block, network: '203.0.113.7' }
  await assert.rejects(control.by('socket').setNetwork(more), failsWith('conflict', /10000 rules/))
  await control.by('socket').setNetwork({ ...block, network: nthNetwork(7) })
  await control.by('socket').releaseNetwork(nthNetwork(8))
  await control.by('socket').setNetwork(more)
  assert.equal(control.listNetworks().length, networkRulesMax)
})

import assert from 'node:assert/strict'
import test from 'node:test'
import type { AuditEvent, Clock } from '../../core/mod.ts'
import { openAdmins } from './admins.ts'
import type { Admins, Entered, SignInAnswer } from './admin-types.ts'
import { type Control, openControl } from './control.ts'
import type { ControlStore } from './control-store.ts'
import { openMemoryControlStore } from './memory-control-store.ts'

const place = { address: '192.0.2.1', userAgent: 'Firefox' }
const password = 'a bag of apples'

interface Bench {
  readonly clock: Clock & { ms: number }
  readonly store: ControlStore
  readonly control: Control
  readonly admins: Admins
  readonly told: () => Promise<readonly AuditEvent[]>
}

async function openBench(before?: Pick<Bench, 'store' | 'clock'>): Promise<Bench> {
  const clock: Bench['clock'] = before?.clock ?? {
    ms: 1_790_000_000_000,
    wallMs: () => clock.ms,
    monotonicMs: () => clock.ms,
  }
  const store = before?.store ?? openMemoryControlStore()
  const control = await openControl({ store, clock, pepper: new Uint8Array(32), publish: async () => true })
  const admins = await openAdmins({ documents: control.documents, clock })
  return { clock, store, control, admins, told: async () => (await store.outbox(1_000)).map(({ event }) => event) }
}

function entered(answer: SignInAnswer): Entered {
  assert.equal(answer.kind, 'entered')
  return (answer as { entered: Entered }).entered
}

async function withAnna(bench: Bench): Promise<Entered> {
  const { token } = await bench.admins.invite('owner', 'desk')
  return entered(await bench.admins.setUp({ token, name: 'Anna', password }, place))
}

test('setUp() makes an account and a session from a link, once', async () => {
  const { admins, told } = await openBench()
  const { token } = await admins.invite('auditor', 'socket')
  const { secret, name, role } = entered(await admins.setUp({ token, name: 'Anna', password }, place))
  assert.deepEqual([name, role], ['anna', 'auditor'])
  assert.partialDeepStrictEqual(admins.find(secret), { name: 'anna', role: 'auditor', session: place })
  assert.deepEqual(await admins.setUp({ token, name: 'berta', password }, place), { kind: 'refused' })
  const events = await told()
  assert.deepEqual(
    events.map(({ kind, actor }) => [kind, actor]),
    [
      ['admin.invited', 'socket'],
      ['admin.created', 'admin:anna'],
      ['admin.signed_in', 'admin:anna'],
      ['admin.sign_in_refused', 'desk'],
    ],
  )
  assert.doesNotMatch(JSON.stringify(events), new RegExp(`${token}|${secret}|${password}`))
})

test('setUp() refuses a link after half an hour, and keeps it where only name or password cannot be', async () => {
  const { admins, clock } = await openBench()
  const { token } = await admins.invite('owner', 'desk')
  for (const [name, chosen] of [
    ['anna', 'short'],
    ['anna', 'password1234'],
    ['anna', '123456789012'],
    ['anna', 'aaaaaaaaaaaaaa'],
    ['annamaria', 'annamaria2026'],
    ['an na', password],
    ['', password],
  ] as const)
    await assert.rejects(admins.setUp({ token, name, password: chosen }, place), { code: 'invalid_argument' })
  clock.ms += 30 * 60_000
  assert.deepEqual(await admins.setUp({ token, name: 'anna', password }, place), { kind: 'refused' })
})

test('setUp() of one link by two at once gives one account', async () => {
  const { admins } = await openBench()
  const { token } = await admins.invite('owner', 'desk')
  const answers = await Promise.all(
    ['anna', 'berta'].map((name) => admins.setUp({ token, name, password }, { ...place, address: name })),
  )
  assert.deepEqual(answers.map(({ kind }) => kind).toSorted(), ['entered', 'refused'])
  assert.equal(admins.list().length, 1)
})

test('signIn() lets in by name and password, with a new session in place of the old one', async () => {
  const { admins, clock } = await openBench()
  const first = await withAnna({ admins } as Bench)
  clock.ms += 5_000
  const answer = await admins.signIn({ name: ' ANNA', password, replaces: first.secret }, place)
  const second = entered(answer)
  assert.notEqual(second.secret, first.secret)
  assert.equal(admins.find(first.secret), null)
  assert.equal(first.session.ended.aborted, true)
  assert.equal(admins.list()[0]?.lastSignInAtMs, clock.ms)
})

test('signIn() answers a wrong password as a name that is not there, and slows both down', async () => {
  const bench = await openBench()
  await withAnna(bench)
  for (const name of ['anna', 'nobody']) {
    const from = { ...place, address: name }
    for (let i = 0; i < 3; i++) {
      const answer = await bench.admins.signIn({ name, password: 'another apple bag', replaces: null }, from)
      assert.deepEqual(answer, { kind: 'refused' })
    }
    const answer = await bench.admins.signIn({ name, password, replaces: null }, from)
    assert.deepEqual(answer, { kind: 'throttled', waitMs: 1_000 })
  }
  const refusedOnes = (await bench.told()).filter(({ kind }) => kind === 'admin.sign_in_refused')
  assert.deepEqual(
    refusedOnes.map(({ details }) => details['admin'] ?? null),
    ['anna', 'anna', 'anna', null, null, null],
  )
})

test('signIn() tells the audit log of a bounded number of refusals, and of how many more there were', async () => {
  const bench = await openBench()
  const wrong = (address: string): Promise<SignInAnswer> =>
    bench.admins.signIn({ name: address, password, replaces: null }, { ...place, address })
  for (let i = 0; i < 40; i++) await wrong(`192.0.2.${i}`)
  bench.clock.ms += 60_000
  await wrong('198.51.100.1')
  const events = await bench.told()
  assert.equal(events.length, 31)
  assert.equal(events.at(-1)?.details['untoldBefore'], 10)
})

test('find() forgets a session after 15 idle minutes, and after 12 hours whatever is done', async () => {
  const { admins, clock } = await openBench()
  const anna = await withAnna({ admins } as Bench)
  for (let minutes = 0; minutes < 12 * 60 - 10; minutes += 10) {
    clock.ms += 10 * 60_000
    const found = admins.find(anna.secret)
    assert.ok(found !== null, `after ${minutes} min`)
    admins.touch(found)
    await admins.sweep()
  }
  clock.ms += 10 * 60_000
  assert.equal(admins.find(anna.secret), null)

  const again = entered(await admins.signIn({ name: 'anna', password, replaces: null }, place))
  clock.ms += 15 * 60_000
  assert.equal(admins.find(again.secret), null)
  assert.equal(again.session.ended.aborted, false)
  await admins.sweep()
  assert.equal(again.session.ended.aborted, true)
})

test('sessions and accounts outlive a restart, and a session that was in use stays in use', async () => {
  const before = await openBench()
  const anna = await withAnna(before)
  before.clock.ms += 14 * 60_000
  before.admins.touch(anna)
  await before.admins.sweep()
  before.clock.ms += 14 * 60_000
  const { admins } = await openBench(before)
  assert.partialDeepStrictEqual(admins.find(anna.secret), { name: 'anna', role: 'owner', session: place })
  assert.equal(admins.sessions().length, 1)
})

test('reset() ends the sessions, forgets the password and gives a link for that name alone', async () => {
  const { admins } = await openBench()
  const anna = await withAnna({ admins } as Bench)
  const { token } = await admins.reset('anna', 'socket')
  assert.equal(admins.find(anna.secret), null)
  assert.deepEqual(await admins.signIn({ name: 'anna', password, replaces: null }, place), { kind: 'refused' })
  await assert.rejects(admins.setUp({ token, name: 'berta', password }, place), { code: 'invalid_argument' })
  const again = entered(await admins.setUp({ token, name: 'anna', password: 'a bag of pears' }, place))
  assert.equal(again.role, 'owner')
  assert.deepEqual(
    admins.list().map(({ name, hasPassword }) => [name, hasPassword]),
    [['anna', true]],
  )
})

test('remove() takes everything of a person along, but never the last owner', async () => {
  const { admins } = await openBench()
  await withAnna({ admins } as Bench)
  await assert.rejects(admins.remove('anna', 'socket'), { code: 'conflict' })
  await assert.rejects(admins.remove('berta', 'socket'), { code: 'not_found' })
  const { token } = await admins.invite('auditor', 'admin:anna')
  const berta = entered(await admins.setUp({ token, name: 'berta', password }, { ...place, address: '192.0.2.2' }))
  await admins.remove('Berta', 'admin:anna')
  assert.equal(admins.find(berta.secret), null)
  assert.equal(berta.session.ended.aborted, true)
  assert.deepEqual(
    admins.list().map(({ name }) => name),
    ['anna'],
  )
})

test('endSession() ends one session of many', async () => {
  const { admins } = await openBench()
  const first = await withAnna({ admins } as Bench)
  const second = entered(await admins.signIn({ name: 'anna', password, replaces: null }, place))
  await admins.endSession(first.session.id, 'admin:anna')
  assert.equal(admins.find(first.secret), null)
  assert.notEqual(admins.find(second.secret), null)
  await assert.rejects(admins.endSession(first.session.id, 'admin:anna'), { code: 'not_found' })
})

test('invite() keeps a hundred links open at most', async () => {
  const { admins } = await openBench()
  const first = await admins.invite('owner', 'desk')
  for (let i = 0; i < 100; i++) await admins.invite('owner', 'desk')
  assert.deepEqual(await admins.setUp({ token: first.token, name: 'anna', password }, place), { kind: 'refused' })
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { type Clock, hasCode, type SnapshotChange } from '../../core/mod.ts'
import { createKeyHasher } from '../../crypto/mod.ts'
import { type Control, openControl } from './control.ts'
import { openMemoryControlStore } from './memory-control-store.ts'

const pepper = new Uint8Array(32).fill(9)
const startMs = 1_790_000_000_000
const dayMs = 86_400_000

interface Bench {
  readonly control: Control
  readonly published: SnapshotChange[]
  readonly clock: Clock & { now: number }
  /** Makes a key of acme; gives its id. */
  readonly made: (more?: { expiresInMs?: number; scopes?: readonly string[] }) => Promise<string>
}

async function bench(): Promise<Bench> {
  const published: SnapshotChange[] = []
  const clock = { now: startMs, wallMs: () => clock.now, monotonicMs: () => clock.now }
  const publish = async (change: SnapshotChange): Promise<boolean> => published.push(change) > 0
  const control = await openControl({ store: openMemoryControlStore(), clock, pepper, publish })
  const wish = {
    consumer: 'acme',
    scopes: ['orders:read', 'orders:write'],
    environment: 'live',
    createConsumer: true,
  } as const
  const made: Bench['made'] = async (more = {}) =>
    (await control.by('socket').createKey({ ...wish, ...more })).credential.id
  return { control, published, clock, made }
}

const failsWith =
  (code: string, words: RegExp) =>
  (error: Error): boolean =>
    hasCode(error, code) && words.test(error.message)

test('rotateKey() makes a successor with the same grants, and lets the key work until the overlap is over', async () => {
  const { control, published, clock, made } = await bench()
  const id = await made()
  clock.now += 5000
  const { key, credential, predecessor, applied } = await control.by('socket').rotateKey(id, { overlapMs: 3600_000 })
  assert.equal(applied, true)
  assert.equal(credential.hmac, createKeyHasher(pepper)(key))
  assert.partialDeepStrictEqual(credential, {
    kind: 'api-key',
    environment: 'live',
    scopes: ['orders:read', 'orders:write'],
    createdAtMs: clock.now,
    expiresAtMs: null,
    rotatedFrom: id,
    successorId: null,
    rotatedAtMs: null,
    lastUsedAtMs: null,
  })
  assert.partialDeepStrictEqual(predecessor, {
    id,
    expiresAtMs: clock.now + 3600_000,
    revokedAtMs: null,
    successorId: credential.id,
    rotatedAtMs: clock.now,
  })
  // One change: no gate has the one without the other.
  assert.deepEqual(
    published.at(-1)?.credentials.map((one) => one.id),
    [id, credential.id],
  )
  assert.equal(JSON.stringify([control.listKeys(), published, await control.outbox.next(9)]).includes(key), false)
})

test('rotateKey() lets both work for a day where nobody says how long, and not at all with 0', async () => {
  const { control, clock, made } = await bench()
  const [usual, leaked] = [await made(), await made()]
  assert.equal((await control.by('socket').rotateKey(usual)).predecessor.expiresAtMs, clock.now + dayMs)
  assert.equal((await control.by('socket').rotateKey(leaked, { overlapMs: 0 })).predecessor.expiresAtMs, clock.now)
})

test('rotateKey() gives the successor as long a life as the key was given, and never prolongs the key', async () => {
  const { control, clock, made } = await bench()
  const id = await made({ expiresInMs: 90 * dayMs })
  clock.now += 90 * dayMs - 1000
  const { credential, predecessor } = await control.by('socket').rotateKey(id)
  assert.equal(credential.expiresAtMs, clock.now + 90 * dayMs)
  assert.equal(predecessor.expiresAtMs, startMs + 90 * dayMs)
  const short = await control.by('socket').rotateKey(await made({ expiresInMs: dayMs }), { expiresInMs: 1000 })
  assert.equal(short.credential.expiresAtMs, clock.now + 1000)
})

test('rotateKey() tells the audit log of both keys', async () => {
  const { control, clock, made } = await bench()
  const id = await made({ scopes: ['orders:read'] })
  const { credential } = await control.by('admin:ana').rotateKey(id)
  const told = (await control.outbox.next(9)).at(-1)?.event
  assert.partialDeepStrictEqual(told, {
    kind: 'key.rotated',
    actor: 'admin:ana',
    details: {
      keyId: id,
      successorId: credential.id,
      consumer: 'acme',
      scopes: ['orders:read'],
      predecessorEndsMs: clock.now + dayMs,
    },
  })
})

test('rotateKey() lets at most two keys of one line work', async () => {
  const { control, clock, made } = await bench()
  const id = await made()
  const first = await control.by('socket').rotateKey(id)
  await assert.rejects(
    control.by('socket').rotateKey(id),
    failsWith('conflict', new RegExp(`${first.credential.id} has`)),
  )
  const next = first.credential.id
  await assert.rejects(
    control.by('socket').rotateKey(next),
    failsWith('conflict', new RegExp(`before it, ${id}, still works`)),
  )
  clock.now += dayMs
  const second = await control.by('socket').rotateKey(next)
  assert.equal(second.credential.rotatedFrom, next)
})

test('rotateKey() refuses keys that do not work, and times that cannot be, and changes nothing', async () => {
  const { control, clock, made } = await bench()
  const [revoked, expired, good] = [await made(), await made({ expiresInMs: 1000 }), await made()]
  await control.by('socket').revokeKey(revoked)
  clock.now += 1000
  const { revision } = control
  for (const id of [revoked, expired])
    await assert.rejects(control.by('socket').rotateKey(id), failsWith('conflict', /does not work any more/))
  for (const [wish, words] of [
    [{ overlapMs: -1 }, /-1 ms/],
    [{ overlapMs: 30 * dayMs + 1 }, /30 days/],
    [{ overlapMs: 1.5 }, /1\.5 ms/],
    [{ expiresInMs: 0 }, /0 ms/],
  ] as const)
    await assert.rejects(control.by('socket').rotateKey(good, wish), failsWith('invalid_argument', words))
  await assert.rejects(control.by('socket').rotateKey('nosuchkey'), failsWith('not_found', /"nosuchkey"/))
  await control.by('socket').changeConsumer('acme', { state: 'disabled' })
  await assert.rejects(control.by('socket').rotateKey(good), failsWith('conflict', /'acme' is disabled/))
  assert.equal(control.revision, revision + 1)
})

test('rotateKey() leaves the rotated key to be revoked at once', async () => {
  const { control, clock, made } = await bench()
  const id = await made()
  const { credential } = await control.by('socket').rotateKey(id)
  assert.equal((await control.by('socket').revokeKey(id)).credential.revokedAtMs, clock.now)
  assert.equal(control.listKeys().find((one) => one.id === credential.id)?.revokedAtMs, null)
})

/** The promises of `ControlStore`, held against any adapter. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  type AuditEvent,
  type Consumer,
  type Credential,
  type DocumentRange,
  type DocumentWrite,
  hasCode,
  type NetworkRule,
  type Policy,
  type SnapshotChange,
} from '../../src/core/mod.ts'
import type { ControlStore } from '../../src/desk/control/mod.ts'

/** A new, empty store, and the same one opened again where the adapter keeps anything. */
export interface ControlStoreBench extends AsyncDisposable {
  readonly store: ControlStore
  /** Null for an adapter that keeps nothing. */
  readonly reopen: (() => Promise<ControlStore>) | null
}

export const samplePolicy: Policy = {
  apis: [],
  trustedHops: ['10.0.0.0/8'],
  issuers: [],
  connections: {
    urlBytesMax: 8192,
    headerBytesMax: 16_384,
    headersMax: 100,
    headersMs: 10_000,
    requestMs: 30_000,
    keepAliveMs: 5_000,
    requestsPerConnectionMax: 1000,
    connectionsMax: 1000,
    connectionsPerIpMax: 100,
    clientIdleMs: 30_000,
  },
  ledger: { ringBytes: 1 << 20, paceMs: 0.5, flushMs: 25, waitMs: 2000, holdBytesMax: 65_536, stallMs: 30_000 },
  roles: null,
  limitKeysMax: 1000,
  rateLimitHeaders: true,
}

export function sampleConsumer(name: string, more: Partial<Consumer> = {}): Consumer {
  return { id: `id-of-${name}`, name, createdAtMs: 1_700_000_000_000, state: 'active', roles: [], ...more }
}

export function sampleCredential(id: string, consumer: Consumer, more: Partial<Credential> = {}): Credential {
  return {
    kind: 'api-key',
    id,
    consumerId: consumer.id,
    environment: 'live',
    hmac: Buffer.from(id.padEnd(32, '.')).toString('hex'),
    pepperVersion: 1,
    hint: `gthk_live_${id}_…zz`,
    scopes: ['orders:read', 'orders:write'],
    createdAtMs: 1_700_000_000_000,
    notBeforeMs: null,
    expiresAtMs: 1_800_000_000_000,
    revokedAtMs: null,
    lastUsedAtMs: null,
    rotatedFrom: null,
    successorId: null,
    rotatedAtMs: null,
    ...more,
  }
}

export function sampleNetwork(id: string, more: Partial<NetworkRule> = {}): NetworkRule {
  return {
    id,
    cidr: '203.0.113.0/28',
    verdict: 'block',
    reason: 'stuffing',
    createdAtMs: 1_700_000_000_000,
    expiresAtMs: null,
    by: 'admin:ana',
    ...more,
  }
}

export function sampleEvent(id: string): AuditEvent {
  return { kind: 'key.created', atMs: 1_700_000_000_000, actor: 'socket', details: { id, scopes: ['orders:read'] } }
}

export function changeOf(revision: number, parts: Partial<SnapshotChange> = {}): SnapshotChange {
  return { policy: null, consumers: [], credentials: [], networks: null, ...parts, revision }
}

const put = (id: string, position: number): DocumentWrite => ({ collection: 'cursors', id, position, value: { id } })

const isConflict = (error: unknown): boolean => hasCode(error, 'conflict')

/** Registers one test per promise. */
export function controlStoreConformance(name: string, open: () => Promise<ControlStoreBench>): void {
  const acme = sampleConsumer('acme')
  const check = (promise: string, body: (bench: ControlStoreBench) => Promise<void>): void => {
    test(`${name} ${promise}`, async () => {
      await using bench = await open()
      await body(bench)
    })
  }

  check('is empty at revision 0 when new', async ({ store }) => {
    assert.deepEqual(await store.load(), { revision: 0, policy: null, consumers: [], credentials: [], networks: [] })
  })

  check('gives back what was committed, in the order in which it was added', async ({ store }) => {
    const [zeta, beta] = [sampleConsumer('zeta'), sampleConsumer('beta', { state: 'disabled' })]
    const credentials = ['c3', 'c1', 'c2'].map((id) => sampleCredential(id, zeta))
    await store.commit(changeOf(1, { policy: samplePolicy, consumers: [zeta], credentials }))
    await store.commit(changeOf(2, { consumers: [beta, { ...zeta, state: 'disabled' }] }))
    const revoked = sampleCredential('c3', zeta, {
      revokedAtMs: 5,
      scopes: [],
      notBeforeMs: 3,
      expiresAtMs: null,
      environment: 'test',
    })
    await store.commit(changeOf(3, { credentials: [revoked] }))
    assert.deepEqual(await store.load(), {
      revision: 3,
      policy: samplePolicy,
      consumers: [{ ...zeta, state: 'disabled' }, beta],
      credentials: [revoked, ...credentials.slice(1)],
      networks: [],
    })
  })

  check('takes no revision but the next one', async ({ store }) => {
    await store.commit(changeOf(1, { consumers: [acme] }))
    for (const revision of [0, 1, 3])
      await assert.rejects(store.commit(changeOf(revision, { consumers: [sampleConsumer('late')] })), isConflict)
    assert.deepEqual(await store.load(), {
      revision: 1,
      policy: null,
      consumers: [acme],
      credentials: [],
      networks: [],
    })
  })

  check('takes all of a change or nothing', async ({ store }) => {
    await store.commit(changeOf(1, { consumers: [acme] }))
    const orphan = sampleCredential('c1', sampleConsumer('nobody'))
    const change = changeOf(2, { policy: samplePolicy, consumers: [sampleConsumer('other')], credentials: [orphan] })
    await assert.rejects(store.commit(change), isConflict)
    assert.deepEqual(await store.load(), {
      revision: 1,
      policy: null,
      consumers: [acme],
      credentials: [],
      networks: [],
    })
    await store.commit(changeOf(2))
  })

  check('keeps the rules about networks of the last change that names any', async ({ store }) => {
    const [one, two] = [sampleNetwork('net_1'), sampleNetwork('net_2', { verdict: 'allow', expiresAtMs: 5 })]
    await store.commit(changeOf(1, { networks: [one, two] }))
    await store.commit(changeOf(2, { consumers: [acme] }))
    assert.deepEqual((await store.load()).networks, [one, two])
    await store.commit(changeOf(3, { networks: [two] }))
    assert.deepEqual((await store.load()).networks, [two])
    await store.commit(changeOf(4, { networks: [] }))
    assert.deepEqual((await store.load()).networks, [])
  })

  check('keeps roles of consumers and the line of a rotated key', async ({ store }) => {
    const holder = sampleConsumer('globex', { roles: ['reader', 'writer'] })
    const old = sampleCredential('c1', holder, { successorId: 'c2', rotatedAtMs: 7 })
    const successor = sampleCredential('c2', holder, { rotatedFrom: 'c1' })
    await store.commit(changeOf(1, { consumers: [holder], credentials: [old, successor] }))
    const { consumers, credentials } = await store.load()
    assert.deepEqual([consumers, credentials], [[holder], [old, successor]])
  })

  check('keeps names of consumers and hashes of credentials unique', async ({ store }) => {
    await store.commit(changeOf(1, { consumers: [acme], credentials: [sampleCredential('c1', acme)] }))
    await assert.rejects(
      store.commit(changeOf(2, { consumers: [sampleConsumer('acme', { id: 'another' })] })),
      isConflict,
    )
    const { hmac } = sampleCredential('c1', acme)
    await assert.rejects(
      store.commit(changeOf(2, { credentials: [sampleCredential('c2', acme, { hmac })] })),
      isConflict,
    )
  })

  check('lets one of two writers at the same revision win', async ({ store }) => {
    const outcomes = await Promise.allSettled(
      ['one', 'two'].map((writer) => store.commit(changeOf(1, { consumers: [sampleConsumer(writer)] }))),
    )
    assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
    assert.equal((await store.load()).consumers.length, 1)
  })

  check('notes last uses, never back, and leaves the revision', async ({ store }) => {
    await store.commit(changeOf(1, { consumers: [acme], credentials: [sampleCredential('c1', acme)] }))
    await store.use(
      new Map([
        ['c1', 500],
        ['unknown', 1],
      ]),
    )
    await store.use(new Map([['c1', 400]]))
    await store.commit(changeOf(2, { credentials: [sampleCredential('c1', acme, { revokedAtMs: 7 })] }))
    const { revision, credentials } = await store.load()
    assert.equal(revision, 2)
    assert.deepEqual(credentials, [sampleCredential('c1', acme, { revokedAtMs: 7, lastUsedAtMs: 500 })])
  })

  check('keeps the events of a change with it, in order, until they are sent', async ({ store }) => {
    await store.commit(changeOf(1, { consumers: [acme] }), [sampleEvent('a'), sampleEvent('b')])
    await store.putSetting('name', 'first', [sampleEvent('c')])
    await store.putSetting('name', 'second', [sampleEvent('never')])
    const waiting = await store.outbox(10)
    assert.deepEqual(
      waiting.map(({ event }) => event),
      ['a', 'b', 'c'].map(sampleEvent),
    )
    assert.deepEqual(await store.outbox(2), waiting.slice(0, 2))
    await store.sent(waiting[1]?.place ?? 0)
    assert.deepEqual(await store.outbox(10), waiting.slice(2))
    await store.sent(waiting[2]?.place ?? 0)
    await store.commit(changeOf(2), [sampleEvent('d')])
    const [last] = await store.outbox(10)
    assert.ok((last?.place ?? 0) > (waiting[2]?.place ?? 0), 'a place was used twice')
  })

  check('tells nothing of a change that it did not take', async ({ store }) => {
    await assert.rejects(store.commit(changeOf(5), [sampleEvent('a')]), isConflict)
    assert.deepEqual(await store.outbox(10), [])
  })

  check('sets a setting once', async ({ store }) => {
    assert.equal(await store.setting('name'), null)
    assert.equal(await store.putSetting('name', 'first'), true)
    assert.equal(await store.putSetting('name', 'second'), false)
    assert.equal(await store.setting('name'), 'first')
  })

  check('lists documents of one collection by position and id, within a range', async ({ store }) => {
    await store.putDocuments([put('b', 2), put('c', 1), put('a', 2), { ...put('z', 9), collection: 'others' }])
    const ids = async (range: DocumentRange): Promise<readonly string[]> =>
      (await store.documents('cursors', range)).map(({ id }) => id)
    assert.deepEqual(await ids({}), ['c', 'a', 'b'])
    assert.deepEqual(await ids({ newestFirst: true }), ['b', 'a', 'c'])
    assert.deepEqual(await ids({ from: 2, max: 1 }), ['a'])
    assert.deepEqual(await ids({ to: 2 }), ['c'])
    assert.equal(await store.documentCount('cursors'), 3)
    assert.deepEqual(await store.documents('others', {}), [{ id: 'z', position: 9, value: { id: 'z' } }])
  })

  check('replaces and forgets documents, all writes of one call with their events', async ({ store }) => {
    await store.putDocuments([{ collection: 'incidents', id: '1', value: { state: 'open' } }])
    await store.putDocuments(
      [
        { collection: 'incidents', id: '1', position: 4, value: { state: 'resolved' } },
        { collection: 'incidents', id: '2', value: ['text'] },
        { collection: 'incidents', id: '2', value: null },
      ],
      [sampleEvent('a')],
    )
    assert.deepEqual(await store.documents('incidents', {}), [{ id: '1', position: 4, value: { state: 'resolved' } }])
    assert.equal(await store.document('incidents', '2'), null)
    assert.deepEqual(
      (await store.outbox(10)).map(({ event }) => event),
      [sampleEvent('a')],
    )
  })

  check('holds everything after it was opened again', async ({ store, reopen }) => {
    if (reopen === null) return
    await store.commit(
      changeOf(1, { policy: samplePolicy, consumers: [acme], credentials: [sampleCredential('c1', acme)] }),
    )
    await store.use(new Map([['c1', 9]]))
    await store.putSetting('name', 'kept', [sampleEvent('kept')])
    await store.putDocuments([{ collection: 'cursors', id: 'siem', value: { next: 4 } }])
    const waiting = await store.outbox(10)
    const before = await store.load()
    await store[Symbol.asyncDispose]()
    await using again = await reopen()
    assert.deepEqual(await again.load(), before)
    assert.equal(await again.setting('name'), 'kept')
    assert.deepEqual(await again.document('cursors', 'siem'), { next: 4 })
    assert.deepEqual(await again.outbox(10), waiting)
  })
}

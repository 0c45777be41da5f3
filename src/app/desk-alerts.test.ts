import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { openEmbeddedControlStore } from '../adapters/embedded/mod.ts'
import type { NotifyTarget } from '../config/mod.ts'
import { systemClock } from '../core/mod.ts'
import { openAtRest } from '../crypto/mod.ts'
import { type Control, openControl } from '../desk/control/mod.ts'
import { openOutbound } from '../outbound/mod.ts'
import { openMailReceiver } from '../../test/support/mail-receiver.ts'
import { waitFor } from '../../test/support/program.ts'
import { openReceiver } from '../../test/support/receivers.ts'
import { recordsOf, signIn } from '../../test/support/scenarios.ts'
import { covers, type DeskAlerts, openDeskAlerts } from './desk-alerts.ts'
import type { DeskBase } from './desk-rooms.ts'

const atRest = openAtRest(new Uint8Array(32).fill(5))
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

interface Desk extends AsyncDisposable {
  readonly alerts: DeskAlerts
  readonly control: Control
}

/** The rooms of alerts over a store on disk; `audit` are records of the audit log. */
async function openDesk(dir: string, targets: readonly NotifyTarget[]): Promise<Desk> {
  await using stack = new AsyncDisposableStack()
  const store = stack.use(openEmbeddedControlStore(join(dir, 'control.db'), atRest.sealer('control')))
  const control = stack.use(
    await openControl({ store, clock: systemClock, pepper: new Uint8Array(32), publish: async () => true }),
  )
  const outbound = stack.use(openOutbound())
  const said: string[] = []
  const say = (text: string): void => void said.push(text)
  // Only what the room asks for.
  const base = {
    config: {
      alerts: { targets, to: targets.map(({ name }) => name), severityMin: 'medium' },
      detect: {
        failures: { limit: 20, windowMs: 60_000 },
        refusals: { limit: 10, windowMs: 300_000 },
        probing: { limit: 20, windowMs: 60_000 },
        spikes: true,
      },
      gate: { listeners: [{ host: '127.0.0.1', port: 1 }] },
      keys: { ageMsMax: 1, remindMs: [] },
    },
    control,
    atRest,
    ledger: { records: async () => [] },
    outbound,
    stack,
    log: { info: say, warn: say, error: say },
  } as unknown as DeskBase
  const alerts = await openDeskAlerts(base)
  const moved = stack.move()
  return { alerts, control, [Symbol.asyncDispose]: () => moved.disposeAsync() }
}

function attackNow(): ReturnType<typeof recordsOf> {
  const nowMs = Date.now()
  return recordsOf(Array.from({ length: 60 }, (_, i) => signIn(nowMs - 6_000 + i * 100, `203.0.113.${(i % 9) + 1}`)))
}

test('an attack is an incident, a webhook and a mail within five seconds of its records', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-alerts-'))
  const posts: string[] = []
  await using hook = await openReceiver((request, response) => {
    request.on('data', (chunk: Buffer) => void posts.push(chunk.toString()))
    request.on('end', () => response.writeHead(204).end())
  })
  await using mail = await openMailReceiver()
  {
    await using desk = await openDesk(dir, [
      { name: 'hook', type: 'webhook', url: `http://127.0.0.1:${hook.port}/`, secrets: [secret], ca: null },
      {
        name: 'mail',
        type: 'email',
        smtp: `smtp://127.0.0.1:${mail.port}`,
        from: 'g@example.com',
        to: ['a@example.com'],
        login: null,
        ca: null,
      },
    ])
    const [follower] = desk.alerts.followers
    assert.ok(follower !== undefined)
    follower.begin(0)
    const startedMs = performance.now()
    await follower.follow(attackNow())
    await waitFor(
      () => posts.length > 0 && mail.mails.length > 0,
      5_000,
      () => 'nobody was told within 5 s',
    )
    assert.ok(performance.now() - startedMs < 5_000)
    const incident = await desk.alerts.doors.incidents?.get('INC-1')
    assert.equal(incident?.actor.value, '203.0.113.0/28')
    assert.match(posts.join(''), /incident\.opened/)
  }
  rmSync(dir, { recursive: true })
})

test('a message that could not be sent when the process was killed is sent by the next one', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-alerts-'))
  const posts: { id: string; body: string }[] = []
  let isDown = true
  await using hook = await openReceiver((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      if (!isDown) posts.push({ id: String(request.headers['webhook-id']), body })
      response.writeHead(isDown ? 503 : 204).end()
    })
  })
  const target: NotifyTarget = {
    name: 'hook',
    type: 'webhook',
    url: `http://127.0.0.1:${hook.port}/`,
    secrets: [secret],
    ca: null,
  }
  const first = await openDesk(dir, [target])
  const [follower] = first.alerts.followers
  follower?.begin(0)
  await follower?.follow(attackNow())
  await waitFor(
    () => first.alerts.doors.alerts?.targets()[0]?.failing !== null,
    5_000,
    () => 'it did not fail',
  )
  // Not closed: a second process over the same files, as after SIGKILL.
  isDown = false
  const second = await openDesk(dir, [target])
  const again = second.alerts.followers[0]
  again?.begin(60)
  await again?.follow(attackNow())
  await waitFor(
    () => posts.length > 0,
    10_000,
    () => 'it was not sent',
  )
  assert.equal(posts.length, 1)
  assert.equal((await second.alerts.doors.incidents?.list({ max: 9 }))?.length, 1)
  await second[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true })
})

test('a reminder is told once, whatever its severity, also after it was resolved', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-alerts-'))
  const posts: string[] = []
  await using hook = await openReceiver((request, response) => {
    request.on('data', (chunk: Buffer) => void posts.push(chunk.toString()))
    request.on('end', () => response.writeHead(204).end())
  })
  {
    await using desk = await openDesk(dir, [
      { name: 'hook', type: 'webhook', url: `http://127.0.0.1:${hook.port}/`, secrets: [secret], ca: null },
    ])
    const reminder = {
      rule: 'key-due',
      about: 'A1b2C3d4E5f6 7d',
      title: 'A key ends soon',
      severity: 'info',
      actor: { kind: 'credential', value: 'A1b2C3d4E5f6', group: 'acme' },
      action: 'Rotate it',
      note: '',
    } as const
    await desk.alerts.remind(reminder)
    await waitFor(
      () => posts.length === 1,
      5_000,
      () => 'nobody was told',
    )
    await desk.alerts.doors.incidents?.act('INC-1', { kind: 'resolve', by: 'admin:ana' })
    await desk.alerts.remind(reminder)
    await desk.alerts.remind({ ...reminder, about: 'A1b2C3d4E5f6 1d' })
    await waitFor(
      () => posts.length === 2,
      5_000,
      () => 'nobody was told of the next',
    )
    assert.equal((await desk.alerts.doors.incidents?.list({ max: 9 }))?.length, 2)
  }
  rmSync(dir, { recursive: true })
})

test('a drill is refused where the demo does not run', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-alerts-'))
  {
    await using desk = await openDesk(dir, [])
    await assert.rejects(async () => await desk.alerts.doors.drills?.start('credential-stuffing', 'socket'), {
      code: 'conflict',
    })
    await assert.rejects(async () => await desk.alerts.doors.alerts?.test('nobody'), { code: 'not_found' })
  }
  rmSync(dir, { recursive: true })
})

test('covers() says whether one network is in another', () => {
  assert.ok(covers('203.0.113.0/24', '203.0.113.0/28'))
  assert.ok(covers('203.0.113.7', '203.0.113.7'))
  assert.ok(covers('2001:db8::/32', '2001:db8:1::/56'))
  for (const [outer, inner] of [
    ['203.0.113.7', '203.0.113.0/28'],
    ['10.0.0.0/8', '203.0.113.7'],
    ['2001:db8::/32', '203.0.113.7'],
    ['nonsense', '203.0.113.7'],
  ] as const)
    assert.ok(!covers(outer, inner), `${outer} ${inner}`)
})

/** The ledger as those see it who do not trust it: verified while it runs and afterwards, by us and by a stranger. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { AccessEvent, AuditEvent } from '../../src/core/mod.ts'
import { openLedgerReader } from '../../src/gate/ledger/mod.ts'
import { askGo, buildGoVerifier } from '../strangers/strangers.ts'
import { type Program, runVerb, startProgram, waitFor } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'

const configOf = (upstream: string): string => `
version: 1
node: gate-1.example
mode: enforce
listen: 127.0.0.1:PORT
threads: 2
admin: { listen: 127.0.0.1:ADMIN }
apis:
  things:
    upstream: ${upstream}
    routes:
      - { path: '/v1/{kind}', methods: [GET], scopes: [things:read] }
`

const requests = 700

interface Said {
  readonly ok: boolean
  readonly logs: readonly { log: string; verdict: string; origin: string; size: number; checkpointsCompared: number }[]
}

const auditOf = async (program: Program): Promise<readonly AuditEvent[]> => {
  const { items } = (await program.client.get('/v1/audit?limit=1000')) as { items: { event: AuditEvent }[] }
  return items.map(({ event }) => event).toReversed()
}

/** Asks the admin API over TCP, as somebody with the token. */
async function adminFetch(program: Program, path: string): Promise<Response> {
  return await fetch(`${program.adminUrl}${path}`, { headers: { authorization: `Bearer ${program.adminToken}` } })
}

test(
  'a ledger proves itself while it runs and afterwards, to us and to a stranger',
  { timeout: 300_000 },
  async (t) => {
    await using upstream = await startUpstream()
    await using program = await startProgram({ config: configOf(upstream.url) })
    const key = (await program.verb('keys', 'create', '--consumer', 'acme', '--scopes', 'things:read')).out.trim()
    let last = ''
    for (let sent = 0; sent < requests; sent += 20) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => fetch(`${program.url}/v1/ok`, { headers: { 'x-api-key': key } })),
      )
      for (const answer of answers) {
        await answer.arrayBuffer()
        assert.equal(answer.status, 200)
        last = answer.headers.get('x-request-id') ?? ''
      }
    }
    const keys = join(program.dir, 'vkeys')
    const vkeys = await Promise.all(
      ['access', 'audit'].map(async (log) => await (await adminFetch(program, `/ledger/${log}/vkey`)).text()),
    )
    writeFileSync(keys, vkeys.join(''))
    const kept = join(program.dir, 'kept-checkpoint')
    const proof = join(program.dir, 'receipt.tlog-proof')

    await t.test('proof gives a receipt of a request, which holds without the ledger', async () => {
      const written = await program.verb('proof', last, '--out', proof)
      assert.equal(written.code, 0, written.err)
      const checked = await runVerb(program.dir, ['verify', '--proof', proof, '--vkey', keys])
      assert.equal(checked.code, 0, checked.out + checked.err)
      assert.match(checked.out, /of gate-1\.example\/gatehouse\/access.*"st":200/s)
      assert.doesNotMatch(readFileSync(proof, 'utf8'), /acme|x-api-key/)
      writeFileSync(kept, await (await adminFetch(program, '/ledger/access/checkpoint')).text())
    })

    await t.test('verify takes the folder and the admin API of the running Gatehouse', async () => {
      for (const place of [program.dataDir, program.adminUrl]) {
        const { out, err, code } = await verifyJson(program, [place, '--vkey', keys, '--since', kept])
        assert.equal(code, 0, out + err)
        const { logs } = JSON.parse(out) as Said
        assert.deepEqual(
          logs.map(({ log, verdict, origin }) => [log, verdict, origin]),
          ['access', 'audit'].map((log) => [log, 'intact', `gate-1.example/gatehouse/${log}`]),
        )
        assert.ok((logs[0]?.size ?? 0) >= requests)
      }
    })

    await t.test('the figures tell of checkpoints, and that no follower is behind', async () => {
      const caughtUp = async (): Promise<boolean> => {
        const text = await (await fetch(`${program.adminUrl}/metrics`)).text()
        return ['recent', 'requests'].every((one) =>
          text.includes(`gatehouse_follower_lag_records{follower="${one}"} 0`),
        )
      }
      await waitFor(caughtUp, 15_000, () => 'a follower is behind')
      const metrics = await (await fetch(`${program.adminUrl}/metrics`)).text()
      for (const line of [
        'gatehouse_keeper_up 1',
        'gatehouse_scrub_faults{log="audit"} 0',
        `gatehouse_ledger_records{log="access"} ${requests}`,
      ])
        assert.ok(metrics.includes(`${line}\n`), `${line} in\n${metrics}`)
    })

    await t.test('the audit log tells of every act, by whom, and without secrets', async () => {
      await fetch(`${program.adminUrl}/v1/consumers/acme`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${program.adminToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ state: 'disabled' }),
      })
      await waitFor(
        async () => (await auditOf(program)).some(({ kind }) => kind === 'consumer.changed'),
        10_000,
        () => 'the change is not in the audit log',
      )
      const events = await auditOf(program)
      const told = events.map(({ kind, actor }) => `${kind} ${actor}`)
      for (const act of [
        'gate.started gate',
        'config.revision gate',
        'policy.changed config',
        'admin.token desk',
        'consumer.created socket',
        'key.created socket',
        'consumer.changed token',
      ])
        assert.equal(told.filter((one) => one === act).length, 1, `${act} in ${told.join(', ')}`)
      assert.ok(told.indexOf('policy.changed config') < told.indexOf('key.created socket'))
      assert.ok(!JSON.stringify(events).includes(key))
    })

    await t.test('a desk that was killed tells what it had not told', async () => {
      process.kill(program.pidOf('gate'), 'SIGSTOP')
      const created = program.verb('consumers', 'create', 'later')
      await waitFor(
        async () => (await program.client.get('/v1/consumers').then(String, String)) !== '',
        5_000,
        () => 'no desk',
      )
      await created
      process.kill(program.pidOf('desk'), 'SIGKILL')
      process.kill(program.pidOf('gate'), 'SIGCONT')
      await waitFor(
        async () => (await auditOf(program).catch(() => [])).some(({ details }) => details['name'] === 'later'),
        30_000,
        () => 'the event was lost',
      )
    })

    await t.test('a stranger’s verifier takes a copy of the log', async (here) => {
      const copy = join(program.dir, 'copy')
      const saved = await program.verb('verify', program.dataDir, '--vkey', keys, '--log', 'access', '--save', copy)
      assert.equal(saved.code, 0, saved.err)
      mkdirSync(join(program.dir, 'go'))
      const go = buildGoVerifier(here, join(program.dir, 'go'))
      if (go === null) return
      const judgement = askGo(go, join(copy, 'access'), ['-vkey', vkeys[0]?.trim() ?? '', '-since', kept])
      assert.ok(judgement.accepts, judgement.output)
    })

    assert.equal(await program.stop(), 0)

    await t.test('verify takes the folder of a Gatehouse that was stopped, in which every request is', async () => {
      const { out, err, code } = await verifyJson(program, [program.dataDir, '--vkey', keys])
      assert.equal(code, 0, out + err)
      const { logs } = JSON.parse(out) as Said
      using reader = openLedgerReader(join(program.dataDir, 'ledger'))
      assert.deepEqual([logs[0]?.size, logs[1]?.size], [reader.sizeOf('access'), reader.sizeOf('audit')])
      const lastAudit = reader.read((logs[1]?.size ?? 0) - 1, { bytesMax: 0, recordsMax: 1, log: 'audit' })[0]
      assert.match(Buffer.from(lastAudit?.bytes ?? []).toString(), /"kind":"gate\.stopped"/)
      const access = reader.read(0, { bytesMax: 1 << 30, recordsMax: 1 << 20 })
      const ids = new Set(access.map(({ bytes }) => (JSON.parse(Buffer.from(bytes).toString()) as AccessEvent).id))
      assert.ok(ids.size >= requests && ids.has(last))
    })

    await t.test('a byte that is changed anywhere in the stopped log is found, and its place named', async () => {
      const attacked = join(program.dir, 'attacked')
      const bundles = join('ledger', 'access', 'tile', 'entries')
      const attacks = [
        join(bundles, '000'),
        join('ledger', 'access', 'tile', '0', '001'),
        join('ledger', 'audit', 'checkpoint'),
      ]
      assert.ok(readdirSync(join(program.dataDir, bundles)).includes('001'))
      for (const path of attacks) {
        cpSync(program.dataDir, attacked, { recursive: true, filter: (from) => !from.endsWith('.sock') })
        const bytes = readFileSync(join(attacked, path))
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
        writeFileSync(join(attacked, path), bytes)
        const { out, code } = await runVerb(program.dir, ['verify', attacked, '--vkey', keys])
        assert.equal(code, 6, `${path}: ${out}`)
        assert.ok(out.includes(path.split('/').slice(2).join('/')), out)
      }
    })
  },
)

async function verifyJson(program: Program, args: readonly string[]): ReturnType<typeof runVerb> {
  process.env['GATEHOUSE_TOKEN'] = program.adminToken
  return await runVerb(program.dir, ['verify', ...args, '--json'])
}

/** Everything that is recorded, in a SIEM's own hands: a real rsyslog over TLS, killed in the middle. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { openOcsfJudge } from '../support/ocsf.ts'
import { freePort, startProgram, waitFor } from '../support/program.ts'
import { hasRsyslog, type Rsyslog, startRsyslog } from '../support/rsyslog.ts'
import { startUpstream } from '../support/upstream.ts'

const configOf = (upstream: string, { port, caPath }: Rsyslog): string => `
version: 1
mode: enforce
listen: 127.0.0.1:PORT
admin: { listen: 127.0.0.1:ADMIN }
sinks:
  siem: { type: syslog, url: 'tls://localhost:${port}', ca: 'file:${caPath}' }
apis:
  things:
    upstream: ${upstream}
    auth: none
    routes:
      - { path: '/v1/{kind}', methods: [GET], limits: [{ name: tight, per: ip, allow: 250/m }] }
      - { path: '/v2/{kind}', methods: [GET], auth: api-key }
`

const paths = ['/v1/ok', '/v1/ok?token=abc', '/v2/ok', '/nowhere', '/v1/cut', '/v1/ok']

/** The ids under which the gateway answered. */
async function ask(url: string, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let at = 0; at < count; at++) {
    const answer = await fetch(url + (paths[at % paths.length] ?? '/'), { headers: { 'user-agent': 'prüfer "]\\' } })
    await answer.arrayBuffer()
    ids.push(answer.headers.get('x-request-id') ?? assert.fail('no id'))
  }
  return ids
}

interface Exported {
  readonly class_uid: number
  readonly status: string
  readonly metadata: { readonly uid: string; readonly sequence: number; readonly log_name: string }
}

interface Sizes {
  readonly gate: { readonly ledger: { readonly logs: Record<'access' | 'audit', { readonly size: number }> } } | null
}

test(
  'rsyslog has every record of both logs, also when it is killed and started again in the middle',
  { timeout: 120_000 },
  async (t) => {
    if (!hasRsyslog()) {
      assert.notEqual(process.env['CI'], 'true', 'rsyslog and rsyslog-gnutls must be installed')
      return t.diagnostic('skipped: rsyslog with its gtls driver is not installed')
    }
    const dir = mkdtempSync(join(tmpdir(), 'gatehouse-siem-'))
    t.after(() => rmSync(dir, { recursive: true, force: true }))
    await using upstream = await startUpstream()
    await using rsyslog = await startRsyslog(dir, await freePort())
    await using program = await startProgram({ config: configOf(upstream.url, rsyslog) })

    const asked = [...(await ask(program.url, 120))]
    const away = rsyslog.kill()
    asked.push(...(await ask(program.url, 80)))
    await away
    asked.push(...(await ask(program.url, 60)))
    const failing = await program.verb('sinks', 'ls')
    assert.match(failing.out, /siem\s+syslog\s+(?:failing|open)/)
    assert.equal((await program.verb('sinks', 'lag')).code, 1)
    await rsyslog.start()
    asked.push(...(await ask(program.url, 60)))

    const exported = (): Exported[] => rsyslog.lines().map((line) => JSON.parse(line) as Exported)
    const placesOf = (log: string): Set<number> =>
      new Set(exported().flatMap(({ metadata }) => (metadata.log_name === log ? [metadata.sequence] : [])))
    const sizes = async (): Promise<Record<'access' | 'audit', number>> => {
      const { gate } = (await program.client.get('/v1/status')) as Sizes
      return { access: gate?.ledger.logs.access.size ?? -1, audit: gate?.ledger.logs.audit.size ?? -1 }
    }
    await waitFor(
      async () => {
        const { access, audit } = await sizes()
        return access >= asked.length && placesOf('access').size >= access && placesOf('audit').size >= audit
      },
      40_000,
      () => `${placesOf('access').size} of ${asked.length}\n${program.output()}`,
    )
    const { access } = await sizes()
    assert.equal(access, asked.length)
    assert.deepEqual(
      [...placesOf('access')].toSorted((a, b) => a - b),
      [...asked.keys()],
    )
    const uids = new Set(exported().map(({ metadata }) => metadata.uid))
    assert.deepEqual(
      asked.filter((id) => !uids.has(id)),
      [],
    )

    const judge = openOcsfJudge()
    if (judge === null) t.diagnostic('not held against the schemas: GATEHOUSE_DATASETS is not set')
    else for (const event of exported()) judge({ ...event })

    const tested = await program.verb('sinks', 'test', 'siem', '--json')
    assert.equal(tested.code, 0, tested.out + tested.err)
    await waitFor(
      () => exported().some(({ metadata }) => metadata.uid.startsWith('test/')),
      5_000,
      () => 'the test event did not arrive',
    )
    const metrics = await (await fetch(`${program.adminUrl}/metrics`)).text()
    assert.match(metrics, /^gatehouse_sink_lag_records\{sink="siem",log="access"\} 0$/m)
    assert.match(metrics, /^gatehouse_sink_up\{sink="siem"\} 1$/m)
  },
)

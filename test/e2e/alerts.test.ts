/** From an attack to whoever is on call, as its operator lives through it; and that no crash of the desk loses or doubles it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Webhook } from 'standardwebhooks'
import { openMailReceiver } from '../support/mail-receiver.ts'
import { type Program, startProgram, waitFor } from '../support/program.ts'
import { openReceiver } from '../support/receivers.ts'

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

const configOf = ({ upstream, hook, mail }: Record<'upstream' | 'hook' | 'mail', number>): string => `
version: 1
listen: 127.0.0.1:PORT
admin: { listen: 127.0.0.1:ADMIN }
trustedHops: [127.0.0.1/32]
apis:
  shop:
    upstream: http://127.0.0.1:${upstream}
    routes: [{ path: /v1/login, methods: [POST], auth: none }]
notify:
  on-call: { type: webhook, url: "http://127.0.0.1:${hook}/", secret: ${secret} }
  mail: { type: email, smtp: "smtp://127.0.0.1:${mail}", from: gate@example.com, to: [ana@example.com] }
`

interface Post {
  readonly id: string
  readonly atMs: number
  readonly said: { readonly type: string; readonly data: { readonly summary: string } }
}

async function attack(program: Program, addresses: readonly string[], count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const headers = { 'x-forwarded-for': addresses[i % addresses.length] ?? '', 'content-type': 'application/json' }
    const answer = await fetch(`${program.url}/v1/login`, { method: 'POST', headers, body: '{"name":"ada"}' })
    await answer.arrayBuffer()
    assert.equal(answer.status, 401)
  }
}

test(
  'an attack is told to whoever is on call within five seconds, and once, whatever happens to the desk',
  { timeout: 120_000 },
  async (t) => {
    const posts: Post[] = []
    await using hook = await openReceiver((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        )
        const said = new Webhook(secret).verify(body, headers) as Post['said']
        posts.push({ id: headers['webhook-id'] ?? '', atMs: Date.now(), said })
        response.writeHead(204).end()
      })
    })
    await using mail = await openMailReceiver()
    await using upstream = await openReceiver((request, response) => {
      request.resume()
      response.writeHead(401).end()
    })
    const config = configOf({ upstream: upstream.port, hook: hook.port, mail: mail.port })
    await using program = await startProgram({ config })
    const opened = (id: string): Post[] => posts.filter(({ said }) => said.data.summary.includes(`${id}:`))

    await t.test('a webhook that verifies and a mail, within five seconds of the twentieth failure', async () => {
      await attack(program, ['203.0.113.4', '203.0.113.9'], 30)
      const doneMs = Date.now()
      await waitFor(
        () => opened('INC-1').length > 0 && mail.mails.length > 0,
        5_000,
        () => program.output(),
      )
      assert.ok((opened('INC-1')[0]?.atMs ?? Infinity) - doneMs < 5_000)
      assert.match(opened('INC-1')[0]?.said.data.summary ?? '', /HIGH INC-1: .*203\.0\.113\.0\/28/)
      assert.match(mail.mails[0]?.text ?? '', /Subject: .*INC-1/)
    })

    await t.test('who is on call looks, acknowledges and resolves, and finds it all in the story', async () => {
      const { out } = await program.verb('incidents', 'ls')
      assert.match(out, /INC-1 +open +high +203\.0\.113\.0\/28/)
      assert.equal((await program.verb('incidents', 'ack', 'INC-1', '--note', 'I am on it')).code, 0)
      assert.match((await program.verb('incidents', 'show', 'inc-1')).out, /acknowledged +I am on it/)
      assert.equal((await program.verb('incidents', 'resolve', 'INC-1')).code, 0)
      assert.equal((await program.verb('incidents', 'resolve', 'INC-1')).code, 1)
      await waitFor(
        () => posts.some(({ said }) => said.type === 'incident.resolved'),
        5_000,
        () => 'nobody was told',
      )
    })

    await t.test('a desk that is killed in the midst of an attack finds it, and tells of it once', async () => {
      await attack(program, ['198.51.100.4'], 12)
      process.kill(program.pidOf('desk'), 'SIGKILL')
      await attack(program, ['198.51.100.4'], 20)
      await waitFor(
        () => opened('INC-2').length > 0,
        30_000,
        () => program.output(),
      )
      process.kill(program.pidOf('desk'), 'SIGKILL')
      await waitFor(
        async () => (await program.verb('incidents', 'ls')).code === 0,
        30_000,
        () => program.output(),
      )
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      const { out } = await program.verb('incidents', 'ls')
      assert.equal(out.match(/198\.51\.100\.4/g)?.length, 1)
      assert.equal(new Set(opened('INC-2').map(({ id }) => id)).size, 1)
    })

    await t.test('a drill goes to the demo only', async () => {
      const { code, err } = await program.verb('drill', 'credential-stuffing', '--fast')
      assert.notEqual(code, 0)
      assert.match(err, /demo only/)
    })

    await t.test('a labelled test reaches its target, and an unknown one is named', async () => {
      assert.equal((await program.verb('alerts', 'test', 'on-call')).code, 0)
      assert.ok(posts.some(({ said }) => said.type === 'test'))
      assert.match((await program.verb('alerts', 'test', 'on-cal')).err, /there are on-call, mail/)
    })
  },
)

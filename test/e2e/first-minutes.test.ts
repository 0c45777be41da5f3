/** The first five minutes of a user: `npm start` in front of the example API, and in front of an API of their own. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import type { AccessEvent } from '../../src/core/mod.ts'
import { freePort, runVerb, startVerb, waitFor } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Started extends AsyncDisposable {
  readonly dir: string
  readonly gateway: string
  output(): string
}

/** Runs what `npm start` runs, in a folder of its own and on free ports. */
async function npmStart(...args: string[]): Promise<Started> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-first-'))
  const port = await freePort()
  const child = spawn(
    process.execPath,
    [
      join(root, 'bin/gatehouse.js'),
      'up',
      '--or-demo',
      '--listen',
      `127.0.0.1:${port}`,
      '--admin',
      `127.0.0.1:${await freePort()}`,
      ...args,
    ],
    { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  const stop = (): Promise<void> => ended(child)
  try {
    await waitFor(
      () => output.includes('Ctrl-C stops it'),
      30_000,
      () => `no banner:\n${output}`,
    )
  } catch (error) {
    await stop()
    throw error
  }
  return {
    dir,
    gateway: `http://127.0.0.1:${port}`,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      await stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 40_000)
  await gone
  clearTimeout(timer)
}

interface Shown {
  readonly seq: number
  readonly event: AccessEvent
}

test(
  'the demo lets the printed curl through, shows it in tail within a second, and explains it',
  { timeout: 90_000 },
  async () => {
    await using started = await npmStart('--no-traffic')
    const curl = /curl -i (\S+) -H '([^:]+): ([^']+)'/.exec(started.output())
    assert.ok(curl !== null, started.output())
    const [, url = '', name = '', value = ''] = curl

    const tail = startVerb(started.dir, ['tail', '--json', '--count', '1', '--path', '/v1/orders'])
    await waitFor(
      () => tail.err().includes('live'),
      15_000,
      () => `tail did not connect: ${tail.err()}`,
    )
    const answer = await fetch(url, { headers: { [name]: value } })
    const answeredMs = Date.now()
    assert.equal(answer.status, 200)
    const id = answer.headers.get('x-request-id') ?? ''
    assert.match(id, /^[0-9a-f]{32}$/)
    const shown = JSON.parse((await tail.ended).out) as Shown
    assert.equal(shown.event.id, id)
    assert.equal(shown.event.consumer, 'you')
    assert.ok(Date.now() - answeredMs < 3_000, `tail took ${Date.now() - answeredMs} ms, its own end included`)

    const why = await runVerb(started.dir, ['explain', id])
    assert.equal(why.code, 0, why.err)
    assert.match(why.out, /✓ identify +you by api-key/)
    assert.match(why.out, /✓ authorize +needs orders:read/)
    assert.match(why.out, /✓ limit +per-consumer: 1 of 600 per 1 min/)

    const without = await fetch(url)
    assert.equal(without.status, 401)
    assert.match(without.headers.get('www-authenticate') ?? '', /^Bearer/)
    assert.equal(without.headers.get('content-type'), 'application/problem+json')
    const refused = await runVerb(started.dir, ['explain', without.headers.get('x-request-id') ?? ''])
    assert.equal(refused.code, 1)
    assert.match(refused.out, /credential_missing/)
  },
)

test(
  '--upstream protects an API without a configuration: it observes, says so, and records what enforcing would do',
  { timeout: 90_000 },
  async () => {
    await using upstream = await startUpstream()
    await using started = await npmStart('--upstream', upstream.url)
    assert.match(started.output(), /Observe mode: nothing is refused/)
    const answer = await fetch(`${started.gateway}/v1/ok`)
    assert.equal(answer.status, 200)
    const id = answer.headers.get('x-request-id') ?? ''
    await waitFor(
      async () => (await runVerb(started.dir, ['explain', id])).code === 0,
      10_000,
      () => 'no record',
    )
    const why = await runVerb(started.dir, ['explain', id])
    assert.match(why.out, /observe mode: enforcing would have refused it with credential_missing/)
  },
)

/** The first five minutes of a user: `npm start` in front of the example API, and in front of an API of their own. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { AccessEvent } from '../../src/core/mod.ts'
import { npmStart } from '../support/npm-start.ts'
import { runVerb, startVerb, waitFor } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'

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

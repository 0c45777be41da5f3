/** A desk that dies while it delivers, and a receiver that is moody: nothing is lost on the way to it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { openHook } from '../support/hook.ts'
import { startProgram, waitFor } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'

const configOf = (upstream: string, hook: string): string => `
version: 1
listen: 127.0.0.1:PORT
admin: { listen: 127.0.0.1:ADMIN }
sinks:
  hook: { type: webhook, url: '${hook}' }
apis:
  things: { upstream: '${upstream}', auth: none }
`

test(
  'SIGKILL of the desk in the middle of deliveries loses no record on its way to a sink',
  { timeout: 120_000 },
  async () => {
    await using upstream = await startUpstream()
    await using hook = await openHook((_, at) => ({ status: at % 3 === 1 ? 503 : 200 }))
    await using program = await startProgram({ config: configOf(upstream.url, hook.url) })
    const asked = new Set<string>()
    const stop = new AbortController()
    const load = (async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const answer = await fetch(`${program.url}/v1/ok`)
        await answer.arrayBuffer()
        asked.add(answer.headers.get('x-request-id') ?? '')
      }
    })()
    for (let round = 0; round < 3; round++) {
      const before = hook.taken.length
      await waitFor(
        () => hook.taken.length > before + 20,
        30_000,
        () => `nothing arrives\n${program.output()}`,
      )
      const desk = program.pidOf('desk')
      process.kill(desk, 'SIGKILL')
      await waitFor(
        () => ![0, desk].includes(program.pidOf('desk')),
        30_000,
        () => `the desk did not come back\n${program.output()}`,
      )
    }
    stop.abort()
    await load
    const missing = (): string[] => {
      const uids = new Set(hook.calls.flatMap((call) => call.uids))
      return [...asked].filter((id) => !uids.has(id))
    }
    await waitFor(
      // What was answered with 503 has arrived and is not taken yet.
      () => missing().length === 0 && new Set(hook.taken).size >= asked.size,
      30_000,
      () => `${missing().length} of ${asked.size} did not arrive\n${program.output()}`,
    )
    const places = new Set(hook.taken)
    assert.equal(places.size, asked.size)
    assert.deepEqual(Math.max(...places), asked.size - 1)
  },
)

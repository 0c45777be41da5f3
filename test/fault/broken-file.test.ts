/** A configuration file that was broken while everything ran: no crash makes an outage of a typo. */
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { startProgram, waitFor } from '../support/program.ts'
import { startUpstream } from '../support/upstream.ts'

test(
  'a process that dies while the file is broken comes back with the rules from before, and takes the mended file',
  { timeout: 120_000 },
  async () => {
    await using upstream = await startUpstream()
    await using program = await startProgram({
      config: `version: 1\nlisten: 127.0.0.1:PORT\nadmin: { listen: 127.0.0.1:ADMIN }\napis: { things: { upstream: '${upstream.url}', auth: none } }\n`,
    })
    const status = async (): Promise<number> =>
      await fetch(`${program.url}/ok`, { headers: { connection: 'close' } }).then(
        async (answer) => (await answer.arrayBuffer(), answer.status),
        () => 0,
      )
    assert.equal(await status(), 200)
    const path = join(program.dir, 'gatehouse.yaml')
    const sound = readFileSync(path, 'utf8')
    appendFileSync(path, 'apiz: {}\n')
    for (const name of ['gate', 'desk'] as const) {
      const before = program.pidOf(name)
      process.kill(before, 'SIGKILL')
      await waitFor(
        () => ![0, before].includes(program.pidOf(name)),
        20_000,
        () => `${name} did not come back:\n${program.output()}`,
      )
      await waitFor(
        async () => (await status()) === 200,
        20_000,
        () => `no answer after the death of ${name}:\n${program.output()}`,
      )
    }
    assert.equal(program.child.exitCode, null)
    writeFileSync(path, sound.replace('auth: none', 'auth: api-key'))
    await waitFor(
      async () => (await status()) === 401,
      20_000,
      () => `the mended file was not taken:\n${program.output()}`,
    )
  },
)

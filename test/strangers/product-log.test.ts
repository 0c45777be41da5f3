/** The log that the demo of `npm start` writes, before verifiers that are not ours: they take it, and refuse it after each attack. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { type Sha256, parseVerifierKey } from '../../src/tlog/mod.ts'
import { npmStart, type Started } from '../support/npm-start.ts'
import { runVerb, waitFor } from '../support/program.ts'
import { attacks } from './attacks.ts'
import { copyFolder } from './files.ts'
import { sha256 } from './sample-log.ts'
import { askGo, askOpenssl, buildGoVerifier, hasOpenssl } from './strangers.ts'

/** Two full bundles and a begun one, so that there are tiles of level 1 and something behind them. */
const requests = 620
const hash: Sha256 = sha256

async function ask(started: Started, count: number): Promise<void> {
  const [, url = '', name = '', value = ''] = /curl -i (\S+) -H '([^:]+): ([^']+)'/.exec(started.output()) ?? []
  for (let i = 0; i < count; i++) {
    const answer = await fetch(url, { headers: i % 7 === 0 ? {} : { [name]: value } })
    await answer.arrayBuffer()
  }
}

/** Records under the checkpoint that is shown now. */
function signedSize({ dir }: Started): number {
  const [, size = '0'] = readFileSync(join(dir, 'gatehouse-data/ledger/access/checkpoint'), 'utf8').split('\n')
  return Number(size)
}

/** A verified copy as strangers get one: `verify --save`. */
async function save(started: Started, folder: string): Promise<string> {
  const data = join(started.dir, 'gatehouse-data')
  const saved = await runVerb(started.dir, ['verify', data, '--log', 'access', '--save', folder])
  assert.equal(saved.code, 0, saved.out + saved.err)
  return join(folder, 'access')
}

test(
  'a log that the demo wrote is taken by Go and openssl, and refused after each attack, by them and by us',
  { timeout: 300_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'product-log-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    mkdirSync(join(folder, 'go'))
    const go = buildGoVerifier(t, join(folder, 'go'))
    await using started = await npmStart('--no-traffic')
    await ask(started, requests >> 1)
    const older = await save(started, join(folder, 'older'))
    await ask(started, requests >> 1)
    // Signed up to the last request: behind two full bundles there is a begun one.
    await waitFor(
      () => signedSize(started) >= requests,
      10_000,
      () => started.output(),
    )
    const log = await save(started, join(folder, 'newer'))
    const vkey = readFileSync(join(started.dir, 'gatehouse-data/ledger/access/vkey'), 'utf8').trim()
    const attacked = join(folder, 'attacked')
    const ours = async (where: string, ...more: string[]): Promise<number> =>
      (await runVerb(started.dir, ['verify', where, '--vkey', vkey, ...more])).code

    assert.equal(await ours(log), 0)
    if (go !== null) {
      const judgement = askGo(go, log, ['-vkey', vkey, '-since', join(older, 'checkpoint')])
      assert.ok(judgement.accepts, judgement.output)
    }
    if (hasOpenssl(t)) {
      const note = readFileSync(join(log, 'checkpoint'))
      assert.ok(askOpenssl(note, parseVerifierKey(hash, vkey), join(folder, 'go')).accepts)
    }
    for (const attack of attacks) {
      await t.test(attack.name, async () => {
        const files = copyFolder(log, attacked)
        assert.ok(attack.applies(files), 'the log has what is attacked')
        attack.run(files)
        if (go !== null) assert.equal(askGo(go, attacked, ['-vkey', vkey]).status, 6)
        assert.equal(await ours(attacked), 6)
      })
    }
    await t.test('rollback behind a newer checkpoint that was kept', async () => {
      const newer = join(log, 'checkpoint')
      if (go !== null) {
        assert.ok(askGo(go, older, ['-vkey', vkey]).accepts, 'alone, nobody can tell')
        assert.equal(askGo(go, older, ['-vkey', vkey, '-since', newer]).status, 6)
      }
      assert.equal(await ours(older, '--since', newer), 6)
    })
  },
)

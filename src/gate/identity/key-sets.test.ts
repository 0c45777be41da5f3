import assert from 'node:assert/strict'
import test from 'node:test'
import { handClock } from '../../../test/support/hand-clock.ts'
import {
  failingMs,
  freshMsMax,
  type KeptKeys,
  type KeySets,
  openKeySets,
  retryMsMax,
  staleMsMax,
  unknownMs,
} from './key-sets.ts'
import type { KeySet } from './key-set.ts'
import type { Fetched } from './key-source.ts'
import { sampleIssuer } from './test/tokens.ts'

const keys = (...kids: string[]): KeySet => kids.map((kid) => ({ kid, alg: null, jwk: { kty: 'EC' } }))

/** An issuer that answers as told. */
function bench(kept: ReadonlyMap<string, KeptKeys> = new Map()) {
  const clock = handClock(1_000_000_000)
  const state = { asked: 0, changes: 0, problems: [] as [string, number][], answer: null as Fetched | null }
  const sets: KeySets = openKeySets({
    source: {
      fetch: async () => {
        state.asked++
        await Promise.resolve()
        if (state.answer === null) throw new Error('down')
        return state.answer
      },
    },
    clock,
    random: () => 1,
    kept,
    onChange: () => void state.changes++,
    onProblem: (name, _why, ms) => void state.problems.push([name, ms]),
  })
  sets.configure([sampleIssuer])
  const tick = async (afterMs = 0): Promise<void> => {
    clock.nowMs += afterMs
    sets.tick()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { clock, state, sets, tick, kids: () => sets.known()[0]?.keys?.map(({ kid }) => kid) ?? null }
}

test('keys are asked for at once, and again after what the issuer says, within bounds', async () => {
  const { state, tick, kids } = bench()
  assert.equal(kids(), null)
  state.answer = { keys: keys('a'), freshMs: 120_000 }
  await tick()
  assert.deepEqual(kids(), ['a'])
  await tick(119_000)
  assert.equal(state.asked, 1)
  state.answer = { keys: keys('b'), freshMs: 10 * freshMsMax }
  await tick(1_000)
  assert.deepEqual([kids(), state.asked], [['b'], 2])
  await tick(freshMsMax - 1)
  assert.equal(state.asked, 2)
  await tick(1)
  assert.equal(state.asked, 3)
})

test('want() asks once for an unknown key, and not again before its time', async () => {
  const { state, sets, tick, clock } = bench()
  state.answer = { keys: keys('a'), freshMs: null }
  await tick()
  assert.equal(await sets.want('main', 'a'), 'known')
  state.answer = { keys: keys('a', 'b'), freshMs: null }
  const both = await Promise.all([sets.want('main', 'b'), sets.want('main', 'x'), sets.want('main', 'b')])
  assert.deepEqual([both, state.asked], [['known', 'unknown', 'known'], 2])
  for (let i = 0; i < 500; i++) assert.equal(await sets.want('main', `random-${i}`), 'unknown')
  assert.equal(state.asked, 2)
  clock.nowMs += unknownMs
  state.answer = { keys: keys('a', 'b', 'x'), freshMs: null }
  assert.equal(await sets.want('main', 'x'), 'known')
  assert.equal(state.asked, 3)
  assert.equal(await sets.want('another', 'a'), 'unavailable')
})

test('an issuer that fails is asked ever more seldom, while its last keys are used, for a day', async () => {
  const { state, sets, tick, kids, clock } = bench()
  state.answer = { keys: keys('a'), freshMs: null }
  await tick()
  state.answer = null
  const begunMs = clock.nowMs
  await tick(freshMsMax)
  assert.equal(state.asked, 2)
  let before = state.asked
  const gaps: number[] = []
  for (let lastMs = clock.nowMs; gaps.length < 12;) {
    await tick(1_000)
    if (state.asked === before) continue
    gaps.push(clock.nowMs - lastMs)
    lastMs = clock.nowMs
    before = state.asked
  }
  assert.deepEqual(gaps.slice(0, 4), [1_000, 2_000, 4_000, 8_000])
  assert.equal(gaps.at(-1), retryMsMax)
  assert.deepEqual(kids(), ['a'])
  assert.equal(await sets.want('main', 'a'), 'known')
  assert.equal(await sets.want('main', 'b'), 'unavailable')
  assert.deepEqual(
    state.problems.map(([name]) => name),
    ['main', 'main'],
  )
  assert.ok((state.problems[1]?.[1] ?? 0) >= failingMs)
  await tick(staleMsMax - (clock.nowMs - begunMs) + 1)
  assert.equal(kids(), null)
  assert.equal(await sets.want('main', 'a'), 'unavailable')
  state.answer = { keys: keys('c'), freshMs: null }
  await tick(retryMsMax)
  assert.deepEqual(kids(), ['c'])
})

test('a cold start serves by the keys of the last run, unless they are another issuer’s or too old', async () => {
  const fetchedAtMs = 1_000_000_000 - 3_600_000
  const at = (kept: Partial<KeptKeys>) =>
    bench(new Map([['main', { issuer: sampleIssuer.issuer, keys: keys('old'), fetchedAtMs, ...kept }]]))
  const good = at({})
  assert.deepEqual(good.kids(), ['old'])
  await good.tick()
  assert.deepEqual([good.kids(), good.state.asked], [['old'], 1])
  assert.equal(at({ issuer: 'https://another.test' }).kids(), null)
  const late = at({ fetchedAtMs: 1_000_000_000 - staleMsMax - 1 })
  await late.tick()
  assert.equal(late.kids(), null)
})

test('configure() begins anew with an issuer whose address has changed, and forgets one that is gone', async () => {
  const { state, sets, tick, kids } = bench()
  state.answer = { keys: keys('a'), freshMs: null }
  await tick()
  sets.configure([{ ...sampleIssuer, audiences: ['more'] }])
  assert.deepEqual(kids(), ['a'])
  sets.configure([{ ...sampleIssuer, jwksUrl: 'https://id.test/other' }])
  assert.equal(kids(), null)
  sets.configure([])
  assert.deepEqual(sets.known(), [])
})

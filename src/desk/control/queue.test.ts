import assert from 'node:assert/strict'
import test from 'node:test'
import { hasCode } from '../../core/mod.ts'
import { createQueue } from './queue.ts'

test('createQueue() runs work one after the other, and goes on after a failure', async () => {
  const queue = createQueue()
  const log: string[] = []
  const work = (name: string) => async (): Promise<string> => {
    log.push(`${name} begins`)
    await Promise.resolve()
    log.push(`${name} ends`)
    if (name === 'two') throw new Error(name)
    return name
  }
  const outcomes = await Promise.allSettled([queue(work('one')), queue(work('two')), queue(work('three'))])
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(log, ['one begins', 'one ends', 'two begins', 'two ends', 'three begins', 'three ends'])
})

test('createQueue() refuses more than it may hold, and takes again when there is room', async () => {
  const queue = createQueue()
  const held = Promise.withResolvers<void>()
  const waiting = Array.from({ length: 1_000 }, () => queue(() => held.promise))
  await assert.rejects(
    queue(async () => {}),
    (error) => hasCode(error, 'unreachable'),
  )
  held.resolve()
  await Promise.all(waiting)
  assert.equal(await queue(async () => 'again'), 'again')
})

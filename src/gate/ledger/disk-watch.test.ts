import assert from 'node:assert/strict'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { askRoom, diskStatusOf, growBallast, releaseBallast, watchDisk } from './disk-watch.ts'
import { memoryDir, temporaryDir, until } from './test/support.ts'

const room = (freeBytes: number) => ({ freeBytes, totalBytes: 1000 })

test('diskStatusOf() has a threshold at 15, at 5 and at 1 %', () => {
  const states = [1000, 150, 149, 50, 49, 10, 9, 0].map((free) => diskStatusOf(room(free)).state)
  assert.deepEqual(states, ['ok', 'ok', 'warn', 'warn', 'shed', 'shed', 'full', 'full'])
  assert.equal(diskStatusOf({ freeBytes: 0, totalBytes: 0 }).state, 'ok', 'a file system without a size tells nothing')
})

test('askRoom() tells of a real disk', async () => {
  const { freeBytes, totalBytes } = await askRoom('/')
  assert.ok(freeBytes > 0 && freeBytes <= totalBytes)
})

test('growBallast() writes a piece at a time while all of it leaves room, and releaseBallast() gives it back', async () => {
  using folder = temporaryDir(memoryDir)
  mkdirSync(folder.dir, { recursive: true })
  const path = join(folder.dir, 'ballast')
  const total = 2 ** 30
  await growBallast(folder.dir, { freeBytes: total * 0.2, totalBytes: total })
  assert.equal(statSync(path).size, 0, 'the whole ballast would leave too little')
  for (const pieces of [1, 2]) {
    await growBallast(folder.dir, { freeBytes: total * 0.5, totalBytes: total })
    assert.deepEqual([statSync(path).size, statSync(path).blocks > 0 || memoryDir === ''], [pieces * 2 ** 20, true])
  }
  releaseBallast(folder.dir)
  assert.equal(existsSync(path), false)
  releaseBallast(folder.dir)
})

test(
  'watchDisk() shows what it last saw, survives a question that fails, and tells once that the disk is full',
  { timeout: 20_000 },
  async () => {
    using folder = temporaryDir(memoryDir)
    mkdirSync(folder.dir, { recursive: true })
    const answers = [room(100), null, room(40), room(5), room(5), room(500)]
    let asked = 0
    let told = 0
    using watch = watchDisk({
      dir: folder.dir,
      askRoom: () => {
        const answer = answers[Math.min(asked++, answers.length - 1)] ?? null
        return answer === null ? Promise.reject(new Error('no answer')) : Promise.resolve(answer)
      },
      first: diskStatusOf(room(900)),
      onFull: () => told++,
      lookMs: 10,
    })
    assert.equal(watch.status.state, 'ok')
    const seen = new Set<string>()
    await until(() => {
      seen.add(watch.status.state)
      return asked >= answers.length + 1
    }, 'all answers')
    assert.equal(told, 1)
    assert.equal(watch.status.freeBytes, 500)
  },
)

import assert from 'node:assert/strict'
import test from 'node:test'
import { importBreaches, readTable, roomOf, styleBreaches } from './tidy.ts'

const table = readTable(`
## Who may import whom

| Room | May import | May touch |
| --- | --- | --- |
| core | – | – |
| gate/limits | core | node:worker_threads |
| gate/handle | core gate/limits | – |
| app | * | * |
`)

const breachesOf = (path: string, text: string): string[] => importBreaches({ path, text }, table)

test('roomOf() knows rooms of wings, loose files of a wing and files of the top', () => {
  assert.equal(roomOf('src/gate/limits/ring.ts'), 'gate/limits')
  assert.equal(roomOf('src/gate/handle-query.ts'), 'gate/handle')
  assert.equal(roomOf('src/core/mod.ts'), 'core')
  assert.equal(roomOf('src/main.ts'), 'main')
  assert.equal(roomOf('bench/main.ts'), null)
})

test('importBreaches() lets through what the table names', () => {
  assert.deepEqual(
    breachesOf('src/gate/handle.ts', `import { a } from './limits/mod.ts'\nimport type { B } from '../core/mod.ts'`),
    [],
  )
  assert.deepEqual(
    breachesOf(
      'src/gate/limits/a.ts',
      `import { join } from 'node:path'\nimport { Worker } from 'node:worker_threads'`,
    ),
    [],
  )
  assert.deepEqual(
    breachesOf('src/app/gate.ts', `import { x } from '../gate/limits/mod.ts'\nimport hono from 'hono'`),
    [],
  )
})

test('importBreaches() names an import that the table does not have', () => {
  assert.match(
    breachesOf('src/gate/limits/a.ts', `import { b } from '../../app/mod.ts'`)[0] ?? '',
    /may not import 'app'/,
  )
  assert.match(breachesOf('src/gate/limits/a.ts', `const b = await import('undici')`)[0] ?? '', /may not touch it/)
  assert.match(breachesOf('src/core/a.ts', `import { join } from 'node:path'`)[0] ?? '', /may not touch it/)
  assert.match(breachesOf('src/attic/a.ts', '')[0] ?? '', /not in the table/)
})

test('importBreaches() lets nobody in by a side door', () => {
  assert.match(
    breachesOf('src/gate/handle.ts', `import {\n  a,\n} from './limits/ring.ts'`)[0] ?? '',
    /only through its mod.ts/,
  )
})

test('styleBreaches() finds unfinished work and tests that do not run', () => {
  assert.equal(styleBreaches({ path: 'src/a.ts', text: ['// TO', 'DO later'].join('') }).length, 1)
  assert.equal(styleBreaches({ path: 'src/a.test.ts', text: ['test.sk', "ip('x')"].join('') }).length, 1)
})

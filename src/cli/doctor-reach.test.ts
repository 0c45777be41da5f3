import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { type Config, loadConfig } from '../config/mod.ts'
import { startable, upstreams } from './doctor-reach.ts'

function configWith(text: string): Config {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'))
  try {
    const path = join(dir, 'gatehouse.yaml')
    writeFileSync(path, `version: 1\n${text}`)
    const read = loadConfig({ path, env: {}, cores: 2 })
    assert.ok(read.ok, read.ok ? '' : read.text)
    return read.config
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function listener(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { port: address.port, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) }
}

test('upstreams() tells one that takes connections from one that does not', async () => {
  await using there = await listener()
  const gone = await listener()
  await gone[Symbol.asyncDispose]()
  const config = configWith(
    `apis: { a: { upstreams: [http://127.0.0.1:${there.port}, http://127.0.0.1:${gone.port}] } }`,
  )
  assert.deepEqual(
    (await upstreams(config)).map(({ state }) => state),
    ['ok', 'wrong'],
  )
})

test('startable() finds an address that is taken, and a root key that is gone', async () => {
  await using taken = await listener()
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'))
  try {
    mkdirSync(join(dir, 'keystore'))
    const config = configWith(`listen: 127.0.0.1:${taken.port}\ndata: ${dir}\napis: { a: { upstream: http://a } }`)
    const found = await startable(config)
    assert.deepEqual(
      found.filter(({ state }) => state === 'wrong').map(({ id }) => id),
      ['listen', 'root key'],
    )
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'node:test'
import { cpuTimeOf, processIdsOf } from './process-tree.ts'

test('cpuTimeOf() counts children, those that have ended too', { skip: notLinux() }, async () => {
  // The shell's child works and ends, the shell itself only waits.
  const work = 'const end = Date.now() + 150; while (Date.now() < end);'
  const shell = spawn('sh', ['-c', '"$0" -e "$1"; echo done; read line', process.execPath, work], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(shell.stdout, 'data')
  const { userUs, systemUs } = cpuTimeOf(shell.pid ?? 0)
  shell.stdin.end('\n')
  await once(shell, 'exit')
  assert.ok(userUs + systemUs >= 100_000, `${userUs} + ${systemUs}`)
})

test('processIdsOf() names the process first and is empty once it is gone', { skip: notLinux() }, async () => {
  const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
  const pid = child.pid ?? 0
  assert.deepEqual(processIdsOf(pid), [pid])
  assert.ok(processIdsOf(process.pid).includes(pid))
  child.stdin.end()
  await once(child, 'exit')
  assert.deepEqual(processIdsOf(pid), [])
})

function notLinux(): string | false {
  return process.platform === 'linux' ? false : 'Reads /proc, which only Linux has'
}

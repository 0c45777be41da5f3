import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { claimsOf, parseNote, type VerifierKey } from '../../src/tlog/mod.ts'
import { buildGo } from './go-build.ts'
import { publicKeyOf } from './sample-log.ts'

/** What a program that is not ours said. */
export interface Judgement {
  readonly accepts: boolean
  readonly status: number | null
  readonly output: string
}

/**
 * Builds the Go verifier into this folder and answers its path, or null where Go is not installed, which the test then says.
 * Under `CI=true` that is a failure.
 */
export function buildGoVerifier(t: TestContext, folder: string): string | null {
  return buildGo(folder) ?? absent(t, 'apt-get install golang-1.19-go golang-golang-x-mod-dev')
}

/** Runs the Go verifier over a log's folder. */
export function askGo(program: string, folder: string, args: readonly string[]): Judgement {
  const { status, stdout, stderr } = spawnSync(program, ['-dir', folder, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { accepts: status === 0 && stdout.startsWith('OK '), status, output: stdout + stderr }
}

/** Whether openssl is here; says so, or fails under `CI=true`, where it is not. */
export function hasOpenssl(t: TestContext): boolean {
  return spawnSync('openssl', ['version']).status === 0 || absent(t, 'apt-get install openssl') !== null
}

/** Has openssl check the signature of one key under a note, over the text of the note as it stands in the file. */
export function askOpenssl(note: Uint8Array, key: VerifierKey, folder: string): Judgement {
  const [claim] = claimsOf(parseNote(note), [key]).claims
  if (claim === undefined) throw new Error(`The note is not signed by ${key.name}`)
  const path = (name: string): string => join(folder, name)
  writeFileSync(path('key.pem'), publicKeyOf(key.publicKey).export({ type: 'spki', format: 'pem' }))
  writeFileSync(path('message'), claim.message)
  writeFileSync(path('signature'), claim.signature)
  const args = [
    'pkeyutl',
    '-verify',
    '-rawin',
    '-pubin',
    '-inkey',
    path('key.pem'),
    '-in',
    path('message'),
    '-sigfile',
    path('signature'),
  ]
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8', timeout: 30_000 })
  return { accepts: status === 0, status, output: stdout + stderr }
}

function absent(t: TestContext, remedy: string): null {
  if (process.env['CI'] === 'true') throw new Error(`A stranger's tool is missing, and CI=true: ${remedy}`)
  t.diagnostic(`skipped: a stranger's tool is missing: ${remedy}`)
  return null
}

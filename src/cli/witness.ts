import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GatehouseError, messageOf } from '../core/mod.ts'
import { ensurePrivateDir, loadOrCreateSigningKey, sha256 } from '../crypto/mod.ts'
import { formatVerifierKey, isKeyName, parseVerifierKey, type VerifierKey } from '../tlog/mod.ts'
import { openWitness, openWitnessServer } from '../witness/mod.ts'
import type { Terminal } from './terminal.ts'

/** What the witness is told. */
export interface WitnessTask {
  readonly name: string
  /** Verifier keys, or files with one in each line. */
  readonly logs: readonly string[]
  readonly dir: string
  /** `host:port`. */
  readonly listen: string
}

/** `witness`: serves until SIGINT or SIGTERM. The vkey goes to standard output, refusals to standard error. */
export async function runWitness(task: WitnessTask, terminal: Terminal): Promise<void> {
  const { name, dir } = task
  if (!isKeyName(name))
    throw new GatehouseError('invalid_argument', `Not a name of a key: '${name}' is empty, or holds a space or a plus`)
  const logs = task.logs.flatMap(keysOf)
  if (logs.length === 0) throw new GatehouseError('invalid_argument', 'No log is named: give its vkey with --log')
  const { host, port } = placeOf(task.listen)
  ensurePrivateDir(dir)
  const key = loadOrCreateSigningKey(join(dir, 'witness.key'))
  const witness = openWitness({ name, key, logs, dir: join(dir, 'state'), nowSeconds })
  await using server = await openWitnessServer({
    witness,
    host,
    port,
    onAnswer: (status, body) => {
      if (status >= 400) terminal.err(`${new Date().toISOString()} ${status} ${body.trimEnd()}\n`)
    },
  }).catch((cause: unknown) => {
    throw new GatehouseError('port_taken', `Cannot listen on ${task.listen}: ${messageOf(cause)}`, { cause })
  })
  terminal.out(`${formatVerifierKey(witness.key)}\n`)
  terminal.err(`Cosigns ${logs.map((log) => log.name).join(', ')} at http://${host}:${server.port}/add-checkpoint\n`)
  await stopped()
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

async function stopped(): Promise<void> {
  const controller = new AbortController()
  const { signal } = controller
  await Promise.race([once(process, 'SIGINT', { signal }), once(process, 'SIGTERM', { signal })])
  controller.abort()
}

function keysOf(text: string): VerifierKey[] {
  try {
    const lines = existsSync(text) ? readFileSync(text, 'utf8').split('\n') : [text]
    return lines
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map((line) => parseVerifierKey(sha256, line))
  } catch (cause) {
    throw new GatehouseError('invalid_argument', `Cannot read '--log ${text}': ${messageOf(cause)}`, { cause })
  }
}

function placeOf(listen: string): { host: string; port: number } {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(listen) ?? []
  if (host === undefined || Number(port) > 65_535)
    throw new GatehouseError('invalid_argument', `Cannot listen on '${listen}': give host:port, such as 127.0.0.1:9480`)
  return { host, port: Number(port) }
}

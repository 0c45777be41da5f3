import { existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../app/mod.ts'
import type { AdminClient } from './admin-client.ts'
import type { Status } from './answers.ts'
import { advice, type Check, ok, wrong } from './check-up.ts'
import { startable, stopped, upstreams } from './doctor-reach.ts'
import { roles } from './doctor-roles.ts'
import { signing } from './doctor-signing.ts'
import { certificate } from './doctor-tls.ts'
import { witnesses } from './doctor-witness.ts'
import { exitCodes } from './exit-codes.ts'
import type { Shown } from './keys.ts'
import { painter } from './terminal.ts'

export interface DoctorOptions extends Shown {
  readonly dataDir: string
  readonly config: string | null
}

/** `doctor`: exit code 1 when something is wrong, 0 when there is at most advice. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const { terminal, json } = options
  const file = options.config ?? 'gatehouse.yaml'
  const read = existsSync(file) ? readConfig({ config: file, data: options.dataDir }, process.env) : null
  const checks = [
    runtime(),
    configuration(file, read),
    ...folders(options.dataDir),
    disk(options.dataDir),
    acceptQueue(),
    ...(read?.ok === true ? certificate(read.config, Date.now()) : []),
    ...(read?.ok === true ? await upstreams(read.config) : []),
    ...((await running(options.client)) ?? [stopped, ...(read?.ok === true ? await startable(read.config) : [])]),
    encryption(),
  ]
  const isWrong = checks.some((check) => check.state === 'wrong')
  if (json) {
    terminal.out(`${JSON.stringify({ ok: !isWrong, checks })}\n`)
    return isWrong ? exitCodes.found : exitCodes.ok
  }
  const paint = painter(terminal)
  const mark = { ok: paint('green', '✓'), advice: paint('yellow', '!'), wrong: paint('red', '✕') }
  for (const check of checks) {
    terminal.out(`${mark[check.state]} ${check.id.padEnd(14)} ${check.found}\n`)
    if (check.state !== 'ok') terminal.out(`${' '.repeat(17)}${paint('dim', `→ ${check.fix}`)}\n`)
  }
  return isWrong ? exitCodes.found : exitCodes.ok
}

function runtime(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const new24 = major > 24 || (major === 24 && minor >= 12)
  return new24
    ? ok('runtime', `Node ${process.versions.node}`)
    : wrong('runtime', `Node ${process.versions.node} is too old`, 'Install Node 24.12 or newer')
}

function configuration(file: string, read: ReturnType<typeof readConfig> | null): Check {
  if (read === null) return advice('configuration', `no ${file} here`, 'gatehouse init')
  if (!read.ok) return wrong('configuration', `${file} has errors`, `gatehouse check ${file}`)
  const observing = read.config.policy.apis.filter((api) => api.mode === 'observe')
  if (observing.length > 0)
    return advice(
      'configuration',
      `${observing.map((api) => api.name).join(', ')}: observed only, nothing is refused`,
      `Set mode: enforce in ${file}`,
    )
  return ok('configuration', `${file} is valid, ${read.config.policy.apis.length} APIs`)
}

/** The data folder is the authorization of the local CLI and holds the keys: nobody else may enter it. */
function folders(dataDir: string): Check[] {
  if (!existsSync(dataDir)) return [advice('data folder', `${dataDir} does not exist yet`, 'gatehouse up')]
  const checks = [permission('data folder', dataDir, 0o700)]
  for (const [name, mode] of [
    ['keys', 0o700],
    ['keys/pepper', 0o600],
    ['keys/root', 0o600],
    ['keys/tls-dev.key', 0o600],
    ['keys/ledger-access.key', 0o600],
    ['keys/ledger-audit.key', 0o600],
    ['keystore', 0o700],
    ['control.db', 0o600],
    ['request-index.db', 0o600],
    ['snapshot', 0o600],
  ] as const) {
    const path = join(dataDir, name)
    if (existsSync(path)) checks.push(permission(name, path, mode))
  }
  return checks
}

function permission(id: string, path: string, mode: number): Check {
  const found = statSync(path).mode & 0o777
  const text = `${path} has mode ${found.toString(8).padStart(4, '0')}`
  return (found & ~mode) === 0
    ? ok(id, text)
    : wrong(id, `${text}: others may get in`, `chmod ${mode.toString(8)} ${path}`)
}

const freeShareMin = 0.15

function disk(dataDir: string): Check {
  const stats = statfsSync(existsSync(dataDir) ? dataDir : '.')
  const share = stats.bavail / Math.max(stats.blocks, 1)
  const text = `${((stats.bavail * stats.bsize) / 2 ** 30).toFixed(1)} GiB free (${Math.round(share * 100)} %)`
  return share >= freeShareMin
    ? ok('disk', text)
    : advice('disk', text, 'Free space: a ledger that cannot write refuses requests')
}

/** Connections waiting in the accept queue of a dying thread are reset unless the kernel hands them on. */
function acceptQueue(): Check {
  const path = '/proc/sys/net/ipv4/tcp_migrate_req'
  if (!existsSync(path)) return ok('accept queue', 'not a Linux that could migrate it')
  if (readFileSync(path, 'utf8').trim() === '1')
    return ok('accept queue', 'migrates to the other threads when one dies')
  return advice(
    'accept queue',
    'connections waiting for a thread that dies are reset',
    'sysctl -w net.ipv4.tcp_migrate_req=1',
  )
}

/** Null when nobody answers. */
async function running(client: AdminClient): Promise<Check[] | null> {
  try {
    // What our own server answers; see answers.ts.
    const status = (await client.get('/v1/status')) as Status
    if (status.gate === null)
      return [
        ok('desk', 'answers'),
        wrong('gate', 'is not connected to the desk', 'Look at the output of gatehouse up'),
      ]
    const { ledger, threads, revision } = status.gate
    return [
      ok('desk', `answers, revision ${status.revision}`),
      revision === status.revision
        ? ok('gate', `${threads.length} gateway threads, revision ${revision}`)
        : advice('gate', `has revision ${revision}, the desk has ${status.revision}`, 'Wait a second and ask again'),
      ledger.state === 'ok'
        ? ok('ledger', `${ledger.size} records, last sign of life ${Math.round(ledger.beatAgeMs)} ms ago`)
        : wrong('ledger', `is ${ledger.state}`, 'Look at the disk under the data folder'),
      ...signing(ledger),
      ...(await witnesses(client, Date.now())),
      ...(await roles(client)),
    ]
  } catch {
    return null
  }
}

function encryption(): Check {
  return advice(
    'at rest',
    'everything personal is sealed under keys/root; the keys folder itself is protected by its mode alone',
    'Keep a copy of the keys folder apart from the backups of the rest',
  )
}

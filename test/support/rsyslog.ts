import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { waitFor } from './program.ts'
import { testCertificate } from './receivers.ts'

/** A real rsyslog that takes syslog over TLS and writes each message's text as a line. */
export interface Rsyslog extends AsyncDisposable {
  readonly port: number
  /** Path of the authority that it proves its name with. */
  readonly caPath: string
  /** The messages as they stand on its disk. */
  lines(): readonly string[]
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  start(): Promise<void>
}

/** Whether rsyslog and its TLS driver are on this machine (Debian: rsyslog, rsyslog-gnutls). */
export function hasRsyslog(): boolean {
  const driver = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'].some((folder) =>
    existsSync(join(folder, 'rsyslog', 'lmnsd_gtls.so')),
  )
  return driver && spawnSync('rsyslogd', ['-v'], { stdio: 'ignore' }).status === 0
}

/** Starts one in a folder of its own, on loopback; it writes what it takes before it takes more. */
export async function startRsyslog(dir: string, port: number): Promise<Rsyslog> {
  mkdirSync(dir, { recursive: true })
  const tls = await testCertificate()
  const paths = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem'), out: join(dir, 'events.log') }
  writeFileSync(paths.cert, tls.cert)
  writeFileSync(paths.key, tls.key, { mode: 0o600 })
  const config = join(dir, 'rsyslog.conf')
  writeFileSync(config, configOf({ dir, port, ...paths }))
  let running: { readonly ended: Promise<void>; readonly stop: (signal: NodeJS.Signals) => boolean } | null = null
  let errors = ''
  const start = async (): Promise<void> => {
    const child = spawn('rsyslogd', ['-n', '-f', config, '-i', join(dir, 'pid')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr.on('data', (chunk) => (errors += String(chunk)))
    const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()))
    running = { ended, stop: (signal) => child.kill(signal) }
    await waitFor(
      () => listens(port),
      20_000,
      () => `rsyslog did not start:\n${errors}`,
    )
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    running?.stop(signal)
    await running?.ended
  }
  await start()
  return {
    port,
    caPath: paths.cert,
    lines: () => (existsSync(paths.out) ? readFileSync(paths.out, 'utf8').split('\n').slice(0, -1) : []),
    kill: () => end('SIGKILL'),
    start,
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  }
}

function configOf({
  dir,
  port,
  cert,
  key,
  out,
}: Record<'dir' | 'cert' | 'key' | 'out', string> & { port: number }): string {
  return `
global(
  workDirectory="${dir}"
  maxMessageSize="256k"
  defaultNetstreamDriver="gtls"
  defaultNetstreamDriverCAFile="${cert}"
  defaultNetstreamDriverCertFile="${cert}"
  defaultNetstreamDriverKeyFile="${key}"
)
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="text" type="string" string="%msg%\\n")
ruleset(name="events" queue.type="direct") {
  action(type="omfile" file="${out}" template="text")
}
input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="events")
`
}

async function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host: '127.0.0.1', port }, () => resolve(true))
  socket.on('error', () => resolve(false))
  return await promise.finally(() => socket.destroy())
}

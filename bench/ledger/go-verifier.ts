/** The verifier of `test/strangers`, which is not ours: Go's own code for transparency logs, as Debian packages it. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const goPath = '/usr/share/gocode'
const goPrograms = ['/usr/lib/go/bin/go', '/usr/lib/go-1.19/bin/go', '/usr/local/go/bin/go', '/usr/bin/go']
const buildMsMax = 300_000
const verifyMsMax = 120_000

/** Builds it; null where Go is not installed. */
export function buildGoVerifier(folder: string): string | null {
  const go = goPrograms.find((path) => existsSync(path))
  if (go === undefined || !existsSync(join(goPath, 'src/golang.org/x/mod/sumdb/tlog'))) return null
  const program = join(folder, 'verify')
  const source = new URL('../../test/strangers/verify.go', import.meta.url).pathname
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    GOCACHE: join(folder, 'go-cache'),
    GOPATH: goPath,
    GO111MODULE: 'off',
    GOPROXY: 'off',
    GOFLAGS: '',
  }
  const built = spawnSync(go, ['build', '-o', program, source], { env, encoding: 'utf8', timeout: buildMsMax })
  if (built.status !== 0) throw new Error(`The Go verifier does not build: ${built.stderr}`)
  return program
}

/** CPU time that it takes for a log that it must accept. */
export function goVerifyMs(program: string, logDir: string, vkey: string): number {
  const startMs = endedChildrenMs()
  const { status, stdout, stderr } = spawnSync(program, ['-dir', logDir, '-vkey', vkey], {
    encoding: 'utf8',
    timeout: verifyMsMax,
  })
  if (status !== 0) throw new Error(`The Go verifier refuses the log: ${stdout}${stderr}`)
  return endedChildrenMs() - startMs
}

/** CPU time of all children that have ended, in steps of 10 ms. */
function endedChildrenMs(): number {
  const text = readFileSync('/proc/self/stat', 'latin1')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10
}

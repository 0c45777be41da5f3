import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Go's packages as Debian installs them: golang-1.19-go (or golang-go) and golang-golang-x-mod-dev. No network is used. */
const goPath = '/usr/share/gocode'
const goPrograms = ['/usr/lib/go/bin/go', '/usr/lib/go-1.19/bin/go', '/usr/local/go/bin/go', '/usr/bin/go']
const buildMsMax = 300_000

/** Builds the Go verifier into this folder and answers its path; null where Go or its packages are not installed. */
export function buildGo(folder: string): string | null {
  const go = goPrograms.find((path) => existsSync(path))
  if (go === undefined || !existsSync(join(goPath, 'src/golang.org/x/mod/sumdb/tlog'))) return null
  const program = join(folder, 'verify')
  const source = fileURLToPath(new URL('verify.go', import.meta.url))
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

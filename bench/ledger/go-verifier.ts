/** The verifier of `test/strangers`, which is not ours: Go's own code for transparency logs, as Debian packages it. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const verifyMsMax = 120_000

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

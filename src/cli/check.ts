import { readConfig } from '../app/mod.ts'
import { exitCodes } from './exit-codes.ts'
import { painter, type Terminal } from './terminal.ts'

/** `check`: all problems at once, or a summary of what the file says. */
export async function check(file: string, terminal: Terminal, json: boolean): Promise<number> {
  const read = readConfig({ config: file }, process.env)
  if (json) {
    terminal.out(
      `${JSON.stringify(read.ok ? { ok: true, warnings: read.advice } : { ok: false, problems: read.problems })}\n`,
    )
    return read.ok ? exitCodes.ok : exitCodes.configuration
  }
  if (!read.ok) {
    terminal.err(read.text)
    return exitCodes.configuration
  }
  if (read.warnings !== '') terminal.err(read.warnings)
  const routes = read.config.policy.apis.reduce((sum, api) => sum + api.routes.length, 0)
  terminal.out(`${painter(terminal)('green', '✓')} ${file}: ${read.config.policy.apis.length} APIs, ${routes} routes\n`)
  return exitCodes.ok
}

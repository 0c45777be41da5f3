import { existsSync, writeFileSync } from 'node:fs'
import { commentedExample, configFor } from '../config/mod.ts'
import { GatehouseError } from '../core/mod.ts'
import type { Terminal } from './terminal.ts'

/** Writes a commented configuration; never over a file that is there. */
export async function init(options: { upstream: string; config: string }, terminal: Terminal): Promise<void> {
  if (existsSync(options.config)) {
    throw new GatehouseError(
      'invalid_argument',
      `'${options.config}' exists already: remove it, or name another file with --config`,
    )
  }
  const read = configFor({ upstream: options.upstream })
  if (!read.ok) throw new GatehouseError('config_invalid', read.text)
  writeFileSync(options.config, commentedExample({ upstream: options.upstream }), { flag: 'wx' })
  terminal.err(`Wrote ${options.config}. Check it with \`gatehouse check\`, start with \`gatehouse up\`.\n`)
}

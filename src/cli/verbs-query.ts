import type { Command } from 'commander'
import { GatehouseError } from '../core/mod.ts'
import type { Terminal } from './terminal.ts'
import { type Common, common, type End, shown, wholeNumber } from './verbs.ts'

const limitMax = 10_000

interface Flags extends Common {
  since?: string
  from?: string
  to?: string
  limit?: number
  fields?: boolean
}

/** Adds `query`. */
export function queryVerbs(program: Command, terminal: Terminal, end: End): void {
  common(
    program
      .command('query [query...]')
      .description(
        'search and count requests, for instance: status:401 | top 10 ip; exit code 7 when not all could be read',
      ),
  )
    // A query may begin with a minus.
    .allowUnknownOption()
    .option('--since <duration>', 'how far back, such as 15m, 1h or 7d (default: 1h)')
    .option('--from <time>', 'from this time on, such as 2026-01-31T08:00Z')
    .option('--to <time>', 'until this time (default: now)')
    .option('--limit <n>', 'most rows (default: 100)', wholeNumber(1, limitMax))
    .option('--fields', 'say what can be asked')
    .action(async (words: readonly string[], flags: Flags) => {
      const { query, queryFields } = await import('./query.ts')
      const opened = await shown(flags, terminal)
      if (flags.fields === true) return await queryFields(opened)
      const option = words.find((word) => /^--[a-z]+$/.test(word))
      if (option !== undefined)
        throw new GatehouseError('invalid_argument', `There is no option '${option}'; see --help`)
      const { since = null, from = null, to = null, limit = null } = flags
      end(await query(opened, { query: words.join(' '), since, from, to, limit }))
    })
}

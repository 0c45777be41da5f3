/** What the files of verbs share: options that most verbs take, and what they open. */
import { type Command, InvalidArgumentError } from 'commander'
import type { Shown } from './keys.ts'
import type { Terminal } from './terminal.ts'

/** Options of `common`. */
export interface Common {
  data?: string
  config?: string
  json?: boolean
  url?: string
}

/** Told the exit code of a verb that has one of its own. */
export type End = (code: number) => void

/** Reads an option's value, or says what it takes. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`It takes a whole number from ${min} to ${max}.`)
  }
}

/** A list as it is typed, separated by commas or spaces. */
export function words(list: string): string[] {
  return list.split(/[\s,]+/).filter((word) => word !== '')
}

/** The options of every verb that speaks with a running Gatehouse. */
export function common(command: Command): Command {
  return command
    .option('--data <folder>', 'data folder of the running Gatehouse')
    .option('--config <file>', 'configuration file that names the data folder')
    .option('--url <url>', 'a remote admin API; its token is read from GATEHOUSE_TOKEN')
    .option('--json', 'as JSON')
}

/** The running Gatehouse that the options mean, and how to answer. */
export async function shown(options: Common, terminal: Terminal): Promise<Shown> {
  const { openAdminClient } = await import('./admin-client.ts')
  const client = openAdminClient({
    dataDir: await dataDirOf(options),
    url: options.url ?? null,
    token: process.env['GATEHOUSE_TOKEN'] ?? null,
  })
  return { client, terminal, json: options.json === true }
}

/** `--data`, else what the configuration says, else the default folder. */
export async function dataDirOf(options: Common): Promise<string> {
  if (options.data !== undefined) return options.data
  const { configuredDataDir } = await import('../app/mod.ts')
  return configuredDataDir(options.config ?? null)
}

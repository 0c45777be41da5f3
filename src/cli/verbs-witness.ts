import type { Command } from 'commander'
import type { Terminal } from './terminal.ts'

interface WitnessFlags {
  name: string
  log: readonly string[]
  data: string
  listen: string
}

/** `witness`: cosigns the checkpoints of other Gatehouses, or of any log that follows the public specifications. */
export function witnessVerbs(program: Command, terminal: Terminal): void {
  program
    .command('witness')
    .description(
      'cosign checkpoints of logs (c2sp.org/tlog-witness), on another machine than theirs; runs until it is stopped',
    )
    .requiredOption('--name <name>', 'name of its key, for instance witness.example.com/w1; never changed')
    .requiredOption(
      '--log <vkey>',
      'the key of a log, or a file with one in each line; may be repeated',
      (one: string, before: readonly string[]) => [...before, one],
      [],
    )
    .option('--data <folder>', 'folder of its key and of what it has cosigned; never restored from a backup', 'witness')
    .option('--listen <host:port>', 'where it is asked', '127.0.0.1:9480')
    .action(async (flags: WitnessFlags) => {
      const { runWitness } = await import('./witness.ts')
      await runWitness({ name: flags.name, logs: flags.log, dir: flags.data, listen: flags.listen }, terminal)
    })
}

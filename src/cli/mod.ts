/**
 * The verbs of `gatehouse`. Each is loaded only when it is asked for, so that `--help` stays cheap.
 *
 * Data goes to standard output, talk to standard error; exit codes are those of `exit-codes.ts`.
 * @module
 */
import { Command, CommanderError, Option } from 'commander'
import type { RunOptions } from '../app/mod.ts'
import { exitCodeOf, exitCodes, sentenceOf } from './exit-codes.ts'
import { standardTerminal, type Terminal } from './terminal.ts'
import { certVerbs } from './verbs-certs.ts'
import { type Common, common, dataDirOf, type End, shown, wholeNumber, words } from './verbs.ts'
import { adminVerbs } from './verbs-admins.ts'
import { drillVerbs } from './verbs-drill.ts'
import { incidentVerbs } from './verbs-incidents.ts'
import { networkVerbs } from './verbs-networks.ts'
import { queryVerbs } from './verbs-query.ts'
import { reviewVerbs } from './verbs-reviews.ts'
import { roleListVerbs, roleVerbs, rotationVerbs } from './verbs-rotation.ts'
import { sinkVerbs } from './verbs-sinks.ts'
import { upstreamVerbs } from './verbs-upstreams.ts'
import { version } from './version.ts'
import { witnessVerbs } from './verbs-witness.ts'

/** Runs one verb; resolves with the exit code. Never rejects. */
export async function main(argv: readonly string[], terminal: Terminal = standardTerminal): Promise<number> {
  let code: number = exitCodes.ok
  const program = buildProgram(terminal, (ended) => (code = ended))
  // `tail | head`: who reads us has seen enough. What runs for years outlives its readers instead.
  if (!longLived.has(argv[0] ?? '') && process.stdout.listenerCount('error') === 0)
    process.stdout.on('error', () => process.exit(exitCodes.ok))
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    terminal.err(sentenceOf(error))
    return exitCodeOf(error)
  }
}

const longLived: ReadonlySet<string> = new Set(['up', 'gate', 'desk', 'witness'])

function buildProgram(terminal: Terminal, end: End): Command {
  const program = new Command('gatehouse')
    .description('Stands in front of APIs and makes their use seen, limited, provable and reviewed.')
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) })
  runVerbs(program, terminal, end)
  fileVerbs(program, terminal, end)
  keyVerbs(program, terminal)
  certVerbs(program, terminal)
  consumerVerbs(program, terminal, end)
  roleListVerbs(program, terminal)
  networkVerbs(program, terminal)
  adminVerbs(program, terminal)
  sinkVerbs(program, terminal, end)
  upstreamVerbs(program, terminal, end)
  incidentVerbs(program, terminal)
  drillVerbs(program, terminal, end)
  reviewVerbs(program, terminal, end)
  requestVerbs(program, terminal, end)
  queryVerbs(program, terminal, end)
  ledgerVerbs(program, terminal, end)
  witnessVerbs(program, terminal)
  return program
}

function runVerbs(program: Command, terminal: Terminal, end: End): void {
  const run = (name: string, summary: string): Command =>
    program
      .command(name)
      .description(summary)
      .addOption(new Option('--config <file>', 'configuration file (default: ./gatehouse.yaml)'))
      .addOption(new Option('--data <folder>', 'data folder (default: as configured, ./gatehouse-data)'))
      .addOption(new Option('--upstream <url>', 'protect this API without a configuration file, in observe mode'))
      .addOption(new Option('--listen <host:port>', 'where the gateway listens, instead of as configured'))
      .addOption(new Option('--admin <host:port>', 'where the admin API listens, instead of as configured'))
      .addOption(
        new Option('--threads <count>', 'gateway threads, instead of as configured').argParser(
          wholeNumber(1, threadsMax),
        ),
      )
      .addOption(
        new Option('--dev-tls <host:port>', 'serve TLS there with a self-signed development certificate, made for it'),
      )
  run('up', 'start gateway and admin API, and keep them running')
    .option('--demo', 'run the demo: a small example API with labelled synthetic traffic')
    .option('--or-demo', 'run the demo where there is neither a configuration file nor --upstream')
    .option('--no-traffic', 'with the demo: without synthetic traffic')
    .action(async (options: RunOptions & { demo?: boolean; orDemo?: boolean; traffic: boolean }) => {
      const { up } = await import('./up.ts')
      end(await up(options, terminal))
    })
  run('gate', 'run the gate process alone').action(async (options: RunOptions) => {
    const { runGate } = await import('../app/mod.ts')
    end(await runGate(options))
  })
  run('desk', 'run the desk process alone').action(async (options: RunOptions) => {
    const { runDesk } = await import('../app/mod.ts')
    end(await runDesk(options, version))
  })
}

const threadsMax = 256

function fileVerbs(program: Command, terminal: Terminal, end: End): void {
  program
    .command('init')
    .description('write a commented gatehouse.yaml')
    .option('--upstream <url>', 'the API to protect', 'http://127.0.0.1:3000')
    .option('--config <file>', 'file to write', 'gatehouse.yaml')
    .action(async (options: { upstream: string; config: string }) => {
      const { init } = await import('./init.ts')
      await init(options, terminal)
    })
  program
    .command('check [file]')
    .description('check a configuration file; exit code 3 when it has errors')
    .option('--json', 'as JSON')
    .action(async (file: string | undefined, options: Common) => {
      const { check } = await import('./check.ts')
      end(await check(file ?? 'gatehouse.yaml', terminal, options.json === true))
    })
  common(
    program.command('doctor').description('examine this installation; exit code 1 when something should be mended'),
  ).action(async (options: Common) => {
    const { doctor } = await import('./doctor.ts')
    end(
      await doctor({
        ...(await shown(options, terminal)),
        dataDir: await dataDirOf(options),
        config: options.config ?? null,
      }),
    )
  })
}

interface KeyFlags extends Common {
  readonly consumer: string
  readonly scopes: string
  readonly roles?: string
  readonly expires?: string
  readonly env: 'live' | 'test'
}

function keyVerbs(program: Command, terminal: Terminal): void {
  const keys = program.command('keys').description('API keys')
  rotationVerbs(keys, terminal)
  common(keys.command('create').description('make a key; it is printed once'))
    .requiredOption('--consumer <name>', 'whose key; the consumer is made where it does not exist')
    .option('--scopes <list>', 'scopes, separated by commas or spaces', '')
    .option('--roles <list>', 'roles of the consumer, where it is made')
    .option('--expires <duration>', 'such as 90d or 12h; without it the key does not expire')
    .addOption(new Option('--env <environment>', 'environment').choices(['live', 'test']).default('live'))
    .action(async (options: KeyFlags) => {
      const { createKey } = await import('./keys.ts')
      const { durationMs } = await import('./duration.ts')
      await createKey(await shown(options, terminal), {
        consumer: options.consumer,
        scopes: words(options.scopes),
        ...(options.roles === undefined ? {} : { roles: words(options.roles) }),
        environment: options.env,
        expiresInMs: options.expires === undefined ? null : durationMs(options.expires),
      })
    })
  common(keys.command('ls').description('list keys'))
    .option('--consumer <name>', 'only this consumer')
    .action(async (options: Common & { consumer?: string }) => {
      const { listKeys } = await import('./keys.ts')
      await listKeys(await shown(options, terminal), options.consumer ?? null)
    })
  common(keys.command('revoke <id>').description('revoke a key, at once on all gateway threads')).action(
    async (id: string, options: Common) => {
      const { revokeKey } = await import('./keys.ts')
      await revokeKey(await shown(options, terminal), id)
    },
  )
}

function consumerVerbs(program: Command, terminal: Terminal, end: End): void {
  const consumers = program.command('consumers').description('registered applications and people')
  roleVerbs(consumers, terminal, end)
  common(consumers.command('ls').description('list consumers')).action(async (options: Common) => {
    const { listConsumers } = await import('./keys.ts')
    await listConsumers(await shown(options, terminal))
  })
  for (const change of ['create', 'disable', 'enable'] as const) {
    const summary = {
      create: 'register a consumer',
      disable: 'refuse all keys of a consumer',
      enable: 'accept its keys again',
    }[change]
    const verb = common(consumers.command(`${change} <name>`).description(summary))
    if (change === 'create') verb.option('--roles <list>', 'its roles, separated by commas')
    verb.action(async (name: string, options: Common & { roles?: string }) => {
      const { changeConsumer } = await import('./keys.ts')
      await changeConsumer(await shown(options, terminal), { name, change, roles: words(options.roles ?? '') })
    })
  }
}

function requestVerbs(program: Command, terminal: Terminal, end: End): void {
  common(program.command('tail').description('print requests as they are recorded'))
    .option('--outcome <outcome>', 'served, refused, failed or aborted')
    .option('--consumer <name>', 'only this consumer')
    .option('--status <status>', 'only this status')
    .option('--path <prefix>', 'only paths that begin so')
    .option('--count <n>', 'end after so many', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--last <n>', 'begin with so many of the newest (default: 10 on a terminal, else 0)', wholeNumber(0, 1_000))
    .action(
      async (
        options: Common &
          Record<'outcome' | 'consumer' | 'status' | 'path', string | undefined> & { count?: number; last?: number },
      ) => {
        const { tail } = await import('./tail.ts')
        const filter = new URLSearchParams()
        for (const name of ['outcome', 'consumer', 'status', 'path'] as const)
          if (options[name] !== undefined) filter.set(name, options[name])
        const { client } = await shown(options, terminal)
        const stop = new AbortController()
        process.once('SIGINT', () => stop.abort())
        await tail(client, terminal, {
          json: options.json === true,
          filter: filter.toString(),
          signal: stop.signal,
          count: options.count ?? null,
          last: options.last ?? (process.stdout.isTTY ? tailLast : 0),
        })
      },
    )
  common(program.command('explain <request-id>').description('say why a request ended as it did')).action(
    async (id: string, options: Common) => {
      const { explainRequest } = await import('./explain-request.ts')
      end(await explainRequest(await shown(options, terminal), id))
    },
  )
  common(program.command('status').description('how the gate is, as JSON')).action(async (options: Common) => {
    const { client } = await shown(options, terminal)
    terminal.out(`${JSON.stringify(await client.get('/v1/status'), null, 2)}\n`)
  })
  common(program.command('reload').description('read the configuration file again')).action(async (options: Common) => {
    const { client } = await shown(options, terminal)
    terminal.out(`${JSON.stringify(await client.post('/v1/reload', {}))}\n`)
  })
}

interface VerifyFlags {
  log: 'access' | 'audit' | 'all'
  since?: string
  vkey: string[]
  history?: boolean
  save?: string
  proof?: string
  record?: string
  data?: string
  config?: string
  json?: boolean
}

/** Requests that `tail` begins with on a terminal, as `tail -f` does with lines. */
const tailLast = 10

function ledgerVerbs(program: Command, terminal: Terminal, end: End): void {
  program
    .command('verify [place]')
    .description(
      'check that the logs are what was signed: a data folder, the folder of a log, or a URL; exit code 6 when they are not',
    )
    .addOption(new Option('--log <log>', 'which log').choices(['access', 'audit', 'all']).default('all'))
    .option('--since <file>', 'a checkpoint that you have kept: the log must contain what it had then')
    .option('--vkey <key>', 'the key of a log, or a file with one in each line; may be repeated', collect, [])
    .option('--history', 'compare every checkpoint that the log has kept, not about 1,000 of them')
    .option('--save <folder>', 'copy what is read into this folder, for verifiers of others')
    .option('--proof <file>', 'check the receipt of one record instead of a log')
    .option('--record <file>', 'with --proof: the record, where the receipt does not carry it')
    .option('--data <folder>', 'data folder, where no place is named')
    .option('--config <file>', 'configuration file that names the data folder')
    .option('--json', 'as JSON, every fault with kind, records, file and offset')
    .action(async (place: string | undefined, flags: VerifyFlags) => {
      end(await verifyWith(place, flags, terminal))
    })
  common(program.command('proof <request-id>').description('write the receipt of a request, which anybody can check'))
    .option('--out <file>', 'where to; - is standard output (default: <request-id>.tlog-proof)')
    .action(async (requestId: string, options: Common & { out?: string }) => {
      const { proof } = await import('./proof.ts')
      const { client } = await shown(options, terminal)
      await proof({ client, terminal, requestId, out: options.out ?? null })
    })
}

function collect(one: string, before: readonly string[]): readonly string[] {
  return [...before, one]
}

async function verifyWith(place: string | undefined, flags: VerifyFlags, terminal: Terminal): Promise<number> {
  const { vkey: vkeys, json = false } = flags
  if (flags.proof !== undefined) {
    const { verifyReceiptFile } = await import('./verify-receipt.ts')
    return await verifyReceiptFile({ proof: flags.proof, record: flags.record ?? null, vkeys, json }, terminal)
  }
  const { verify } = await import('./verify.ts')
  return await verify(
    {
      place: place ?? (await dataDirOf(flags)),
      log: flags.log,
      since: flags.since ?? null,
      vkeys,
      wholeHistory: flags.history === true,
      save: flags.save ?? null,
      token: process.env['GATEHOUSE_TOKEN'] ?? null,
      json,
    },
    terminal,
  )
}

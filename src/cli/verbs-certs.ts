import type { Command } from 'commander'
import type { Terminal } from './terminal.ts'
import { type Common, common, shown } from './verbs.ts'

/** `certs`: client certificates by which consumers prove themselves. */
export function certVerbs(program: Command, terminal: Terminal): void {
  const certs = program.command('certs').description('client certificates of consumers')
  common(certs.command('add').description('let a consumer prove itself by a client certificate'))
    .requiredOption('--consumer <name>', 'whose certificate; the consumer is made where it does not exist')
    .requiredOption('--file <pem>', 'the certificate; its key is not needed, and stays with the consumer')
    .option('--scopes <list>', 'scopes, separated by commas or spaces', '')
    .action(async (options: Common & { consumer: string; file: string; scopes: string }) => {
      const { addCertificate } = await import('./certs.ts')
      const { consumer, file } = options
      const scopes = options.scopes.split(/[\s,]+/).filter((scope) => scope !== '')
      await addCertificate(await shown(options, terminal), { consumer, file, scopes })
    })
  common(certs.command('ls').description('list client certificates'))
    .option('--consumer <name>', 'only this consumer')
    .action(async (options: Common & { consumer?: string }) => {
      const { listCertificates } = await import('./certs.ts')
      await listCertificates(await shown(options, terminal), options.consumer ?? null)
    })
  common(
    certs.command('revoke <id>').description('refuse a client certificate, at once on all gateway threads'),
  ).action(async (id: string, options: Common) => {
    const { revokeCertificate } = await import('./certs.ts')
    await revokeCertificate(await shown(options, terminal), id)
  })
}
